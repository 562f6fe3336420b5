import { Button, Group, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFlask, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Experiment } from "@/client/types";
import { EmptyState } from "@/ui/empty-state";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { TimeAgo } from "@/ui/time-ago";

import { createExperiment, experimentsQuery } from "../api/experiments";
import { ExperimentDialog } from "../components/experiment-dialog";
import { HowRunsGetIn } from "../components/how-runs-get-in";

/** One's own experiments, the newest first, and a way to make one. */
export function ExperimentsPage({ onMade }: { onMade: (experiment: Experiment) => void }) {
  usePageTitle("Experiments");
  const [making, dialog] = useDisclosure(false);
  const query = useInfiniteQuery(experimentsQuery());
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const make = <Button size="xs" leftSection={<IconPlus size={15} />} onClick={dialog.open}>New experiment</Button>;
  return (
    <>
      <Group justify="space-between" mb={14}><Title order={1}>Experiments</Title>{found.length > 0 && make}</Group>
      <ExperimentDialog title="New experiment" verb="Make it" opened={making} onClose={dialog.close} save={createExperiment} onSaved={onMade} />
      <div className="surface">
        {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
        {query.isPending && <SkeletonRows count={4} />}
        {query.data && !found.length && (
          <EmptyState icon={<IconFlask size={36} stroke={1.4} />} title="No experiment yet" action={make}>
            An experiment is a group of your runs: what was tried, with which parameters, and what came of it, beside each other. <HowRunsGetIn name="rates" />
          </EmptyState>
        )}
        <ul className="rows" aria-label="Experiments">{found.map((experiment) => <Row key={experiment.id} experiment={experiment} />)}</ul>
        {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
      </div>
    </>
  );
}

function Row({ experiment: { id, name, description, runs, created_at } }: { experiment: Experiment }) {
  return (
    <li>
      <Link to="/experiments/$experimentId" params={{ experimentId: id }} className="row">
        <IconFlask size={20} stroke={1.5} aria-hidden style={{ flex: "none", color: "var(--accent-text)" }} />
        <span className="grow">
          <b className="clip" style={{ display: "block" }}>{name}</b>
          {description && <Text size="sm" c="dimmed" component="span" className="clip" style={{ display: "block" }}>{description}</Text>}
        </span>
        <Text size="sm" c="dimmed" ta="right" miw={64}>{runs === 1 ? "1 run" : `${runs.toLocaleString("en")} runs`}</Text>
        <Text size="sm" c="dimmed" ta="right" miw={96} className="wide-only"><TimeAgo at={created_at} /></Text>
      </Link>
    </li>
  );
}
