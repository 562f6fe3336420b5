import { Button, Chip as Choice, Group, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";

import type { RunState } from "@/client/types";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { type RunFilter, runsQuery } from "../api/runs";
import { RunRow } from "../components/run-row";

/** Those that people look for; the others last for moments. */
const OFFERED: RunState[] = ["running", "queued", "succeeded", "failed", "cancelled"];

type Props = {
  filter: RunFilter;
  onFilter: (filter: RunFilter) => void;
  /** What is shown where nothing was ever run. */
  empty: React.ReactNode;
  /** Whether the list is of one repository, which cannot be left out. */
  fixed?: boolean;
  /** Where a repository is chosen, while none is. */
  finder?: React.ReactNode;
};

/** Runs, the newest first, by state. It keeps itself up to date while something is under way. */
export function RunsPage({ filter, onFilter, empty, fixed, finder }: Props) {
  const query = useInfiniteQuery(runsQuery(filter));
  const runs = query.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = filter.state !== undefined || (filter.repository !== undefined && !fixed);
  return (
    <>
      <Group gap="xs" mb="sm">
        <Choice.Group value={filter.state ?? ""} onChange={(state) => onFilter({ ...filter, state: OFFERED.find((known) => known === state) })}>
          <Group gap={6} role="radiogroup" aria-label="State">
            <Choice size="xs" value="">All</Choice>
            {OFFERED.map((state) => <Choice key={state} size="xs" value={state}>{state}</Choice>)}
          </Group>
        </Choice.Group>
        {filter.repository && !fixed && <Button size="compact-sm" variant="default" rightSection={<IconX size={13} aria-hidden />} aria-label={`Only ${filter.repository}: show all`} onClick={() => onFilter({ ...filter, repository: undefined })}>{filter.repository}</Button>}
        {!filter.repository && finder}
      </Group>
      <div className="surface">
        {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
        {query.isPending && <SkeletonRows count={6} />}
        {query.data && !runs.length && (isFiltered ? <div className="body"><Text size="sm" c="dimmed">No such runs. <Button size="compact-sm" variant="default" onClick={() => onFilter({ everybody: filter.everybody, repository: fixed ? filter.repository : undefined })}>Show all</Button></Text></div> : empty)}
        <ul className="rows" aria-label="Runs">{runs.map((run) => <RunRow key={run.id} run={run} account={filter.everybody} />)}</ul>
        {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
      </div>
    </>
  );
}
