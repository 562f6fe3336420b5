import type { Address } from "@/client/types";
import { shortRevision } from "@/lib/revision";
import { TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";

import { CommitList } from "../components/commit-list";

type Props = { address: Address; revision: string | undefined };

/** The history of a branch, tag or commit, newest first. */
export function CommitsPage({ address, revision }: Props) {
  usePageTitle(`Commits · ${address.owner}/${address.name}`);
  return (
    <Section title={`Commits of ${shortRevision(revision ?? "main")}`} flush aside={<TextLink underline="hover" to="/$owner/$name/compare" params={address} search={{ head: revision }} size="sm">Compare</TextLink>}>
      <CommitList address={address} revision={revision} none="Nothing was committed yet." />
    </Section>
  );
}
