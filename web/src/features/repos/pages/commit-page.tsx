import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import type { Address, Commit } from "@/client/types";
import { CopyButton } from "@/ui/copy-button";
import { TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { commitQuery } from "../api/revisions";
import { FileChanges } from "../components/changed-files";

/** One commit: who, when, why, and what it changed. */
export function CommitPage({ address, revision }: { address: Address; revision: string }) {
  usePageTitle(`Commit ${revision.slice(0, 8)} · ${address.owner}/${address.name}`);
  const { data, error, refetch } = useQuery(commitQuery(address, revision));
  return (
    <Stack gap="lg">
      {data && <Facts address={address} commit={data.commit} />}
      <FileChanges address={address} data={data?.changes} error={error} onRetry={() => void refetch()} />
    </Stack>
  );
}

function Facts({ address, commit }: { address: Address; commit: Commit }) {
  const [title, ...rest] = commit.message.trim().split("\n");
  return (
    <Section title={title || "No message"} aside={<TextLink underline="hover" to="/$owner/$name/files/$" params={{ ...address, _splat: "" }} search={{ revision: commit.id }} size="sm">Files at this commit</TextLink>}>
      {rest.length > 0 && <Text size="sm" style={{ whiteSpace: "pre-wrap" }} mb="sm">{rest.join("\n").trim()}</Text>}
      <Text size="sm" c="dimmed">
        <b>{commit.author}</b> <TimeAgo at={commit.at} /> · <span className="mono">{commit.id.slice(0, 12)}</span> <CopyButton value={commit.id} label="Copy the commit" />
        {commit.parents?.map((parent) => (
          <span key={parent}> · after <TextLink to="/$owner/$name/commits/$commit" params={{ ...address, commit: parent }} className="mono" inherit>{parent.slice(0, 8)}</TextLink></span>
        ))}
      </Text>
    </Section>
  );
}
