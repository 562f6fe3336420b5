import { ActionIcon, Group, Stack, Text, Title } from "@mantine/core";
import { IconArrowsExchange } from "@tabler/icons-react";

import type { Address } from "@/client/types";
import { shortRevision } from "@/lib/revision";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";

import { ChangedFiles } from "../components/changed-files";
import { CommitList } from "../components/commit-list";
import { RevisionSelect } from "../components/revision-select";

export type RevisionPair = { base: string; head: string };

type Props = RevisionPair & { address: Address; onChoose: (pair: RevisionPair) => void };

/** Two revisions beside each other: the commits that the second has beyond the first, and the files that differ. */
export function RevisionsPage({ address, base, head, onChoose }: Props) {
  const [from, to] = [shortRevision(base), shortRevision(head)];
  usePageTitle(`${from}...${to} · ${address.owner}/${address.name}`);
  return (
    <Stack gap="lg">
      <Group gap="sm">
        <Title order={2}>Compare</Title>
        <RevisionSelect address={address} label="From" value={base} onChange={(next) => onChoose({ base: next, head })} />
        <ActionIcon variant="default" size={30} aria-label="Swap" onClick={() => onChoose({ base: head, head: base })}><IconArrowsExchange size={16} /></ActionIcon>
        <RevisionSelect address={address} label="To" value={head} onChange={(next) => onChoose({ base, head: next })} />
        {base === head && <Text size="sm" c="dimmed">This is one revision; choose another.</Text>}
      </Group>
      {base !== head && (
        <>
          <Section title={`Commits of ${to} that ${from} does not have`} flush>
            <CommitList address={address} revision={head} beyond={base} none={`Everything in ${to} is in ${from} too.`} />
          </Section>
          <ChangedFiles address={address} base={base} head={head} />
        </>
      )}
    </Stack>
  );
}
