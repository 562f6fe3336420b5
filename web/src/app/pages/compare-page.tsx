import { Group, Select, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconArrowRight, IconGitCompare } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";

import type { Address } from "@/client/types";
import { ChangedFiles } from "@/features/repos/components/changed-files";
import { versionQuery } from "@/features/versions/api/versions";
import { ChangedCard, ChangedLock, ChangedSignature } from "@/features/versions/components/changed-versions";
import { ChangedItems } from "@/features/viewing/components/changed-items";
import { formatRange, parseRange, type Range } from "@/lib/compare";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

import { useRepository, useVersions } from "./repository-pages";

const route = getRouteApi("/site/$owner/$name/compare/$range");

/** Two versions beside each other: signature, packages, card and files. */
export function CompareRoute() {
  const { address, repository } = useRepository();
  const range = parseRange(route.useParams().range);
  if (!repository) return null;
  return range ? <ComparePage key={formatRange(range)} address={address} range={range} isModel={repository.kind === "model"} /> : <NoSuchVersions address={address} />;
}

function ComparePage({ address, range, isModel }: { address: Address; range: Range; isModel: boolean }) {
  usePageTitle(`${formatRange(range)} · ${address.owner}/${address.name}`);
  const base = useQuery(versionQuery(address, range.base));
  const head = useQuery(versionQuery(address, range.head));
  const error = base.error ?? head.error;
  if (error) return <ProblemAlert error={error} />;
  if (base.data === null || head.data === null) return <NoSuchVersions address={address} />;
  return (
    <Stack gap="lg">
      <Choice address={address} range={range} />
      {base.data && head.data ? (
        <>
          {isModel && <ChangedSignature base={base.data} head={head.data} />}
          {isModel && <ChangedLock address={address} base={base.data} head={head.data} />}
          <ChangedCard base={base.data} head={head.data} />
          {base.data.packed && head.data.packed && <ChangedItems address={address} base={range.base} head={range.head} />}
          <ChangedFiles address={address} base={base.data.commit_id} head={head.data.commit_id} />
        </>
      ) : (
        <Skeleton height={320} />
      )}
    </Stack>
  );
}

function Choice({ address, range }: { address: Address; range: Range }) {
  const navigate = useNavigate();
  const { versions } = useVersions(address);
  const numbers = [...new Set([...versions.map(({ number }) => number), range.base, range.head])].sort((a, b) => b - a);
  const data = numbers.map((number) => ({ value: String(number), label: `v${number}` }));
  const go = (change: Partial<Range>) => void navigate({ to: "/$owner/$name/compare/$range", params: { ...address, range: formatRange({ ...range, ...change }) } });
  return (
    <Group gap="sm">
      <Title order={2}>Compare</Title>
      <Select size="xs" w={90} aria-label="The older version" data={data} value={String(range.base)} allowDeselect={false} onChange={(value) => value && go({ base: Number(value) })} />
      <IconArrowRight size={16} aria-label="with" />
      <Select size="xs" w={90} aria-label="The newer version" data={data} value={String(range.head)} allowDeselect={false} onChange={(value) => value && go({ head: Number(value) })} />
      {range.base === range.head && <Text size="sm" c="dimmed">This is one version; choose another.</Text>}
    </Group>
  );
}

function NoSuchVersions({ address }: { address: Address }) {
  return (
    <EmptyState icon={<IconGitCompare size={34} />} title="These versions cannot be compared" action={<LinkButton to="/$owner/$name/versions" params={address} variant="default">Show all versions</LinkButton>}>
      An address such as <code>compare/v1...v2</code> names two versions that are both there.
    </EmptyState>
  );
}
