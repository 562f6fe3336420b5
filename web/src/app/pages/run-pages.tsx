import { Button, Group, Title } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconRepeat, IconRotate } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";

import type { Run } from "@/client/types";
import { reproduceRun } from "@/features/operations/api/orders";
import { RunComparison } from "@/features/operations/components/run-comparison";
import { MetricsView } from "@/features/results/components/metrics-view";
import { ResultsView } from "@/features/results/components/results-view";
import { cancelRun, deleteRun, runQuery } from "@/features/runs/api/runs";
import { RunPage, type RunParts } from "@/features/runs/pages/run-page";
import { RunsPage } from "@/features/runs/pages/runs-page";
import { isUnderWay } from "@/lib/run-state";
import { ConfirmButton } from "@/ui/confirm-button";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";

import { RunExperiment } from "../experiments/run-experiment";
import { RepositoryFinder } from "../repository-finder";
import { useRepository } from "./repository-pages";

const one = getRouteApi("/own/runs/$id");
const all = getRouteApi("/own/runs");
const everybody = getRouteApi("/own/admin/runs");
const ofRepository = getRouteApi("/site/$owner/$name/runs");

/** What the other features add to a run. */
const PARTS: RunParts = {
  actions: (run) => <Actions run={run} />,
  metrics: (series) => <MetricsView series={series} />,
  outputs: (run) => <ResultsView runId={run.id} />,
  again: (run) => <Reproduce run={run} />,
  comparison: (run) => run.reproduces && !isUnderWay(run) && <RunComparison runId={run.id} />,
};

export function RunRoute() {
  const { id } = one.useParams();
  return <main className="page" id="main"><RunPage id={id} parts={PARTS} /></main>;
}

export function RunsRoute() {
  usePageTitle("Runs");
  const filter = all.useSearch();
  const navigate = useNavigate();
  return (
    <main className="page" id="main">
      <Title order={1} mb={14}>Runs</Title>
      <RunsPage filter={filter} onFilter={({ state, repository }) => void navigate({ to: "/runs", search: { state, repository }, replace: true })} empty={<NothingRan />} />
    </main>
  );
}

export function AllRunsRoute() {
  usePageTitle("All runs");
  const filter = everybody.useSearch();
  const navigate = useNavigate();
  const show = ({ state, repository }: typeof filter) => void navigate({ to: "/admin/runs", search: { state, repository }, replace: true });
  return <RunsPage filter={{ ...filter, everybody: true }} onFilter={show} finder={<RepositoryFinder onFound={(repository) => show({ ...filter, repository })} />} empty={<EmptyState icon={<IconPlayerPlay size={36} stroke={1.4} />} title="Nobody has run anything yet" />} />;
}

export function RepositoryRunsRoute() {
  const { address, repository } = useRepository();
  const { state } = ofRepository.useSearch();
  const navigate = useNavigate();
  const { owner, name } = address;
  usePageTitle(`Runs · ${owner}/${name}`);
  const use = <LinkButton to="/$owner/$name/use" params={address} leftSection={<IconPlayerPlay size={16} />}>{repository?.kind === "model" ? "Run it over many rows" : "Use it"}</LinkButton>;
  return <RunsPage fixed filter={{ state, repository: `${owner}/${name}` }} onFilter={(filter) => void navigate({ to: "/$owner/$name/runs", params: address, search: { state: filter.state }, replace: true })} empty={<EmptyState icon={<IconPlayerPlay size={36} stroke={1.4} />} title="You have not run it yet" action={use}>Each run is kept with its log, its outputs, and all that they depend on.</EmptyState>} />;
}

function NothingRan() {
  return (
    <EmptyState icon={<IconPlayerPlay size={36} stroke={1.4} />} title="You have run nothing yet" action={<LinkButton to="/" search={{ kind: "operation" }}>Find an operation</LinkButton>}>
      Choose an operation, fill in its form and press Run. Or from a terminal: <code>modelyard run owner/name --in data=owner/dataset --wait</code>
    </EmptyState>
  );
}

function Actions({ run }: { run: Run }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const cancelling = useMutation({
    mutationFn: () => cancelRun(run.id),
    onSuccess: (changed) => queries.setQueryData(runQuery(run.id).queryKey, changed),
    onError: (error) => notifyProblem(error, "It was not cancelled"),
  });
  const remove = () =>
    deleteRun(run.id).then(
      async () => {
        await navigate({ to: "/runs" });
        queries.removeQueries(runQuery(run.id));
        void queries.invalidateQueries({ queryKey: ["runs", "list"] });
      },
      (error: unknown) => {
        notifyProblem(error, "It was not deleted");
        throw error;
      },
    );
  const [owner = "", name = ""] = run.repository.split("/");
  return (
    <Group gap="xs">
      {isUnderWay(run) && <Button size="xs" variant="default" leftSection={<IconPlayerStop size={15} />} loading={cancelling.isPending} disabled={run.cancelled} onClick={() => cancelling.mutate()}>{run.cancelled ? "Cancelling" : "Cancel"}</Button>}
      <RunExperiment run={run} />
      {run.repository_id && <LinkButton to="/$owner/$name/use" params={{ owner, name }} search={{ from: run.id, version: run.version }} size="xs" variant="default" leftSection={<IconRotate size={15} />}>Run again</LinkButton>}
      {!isUnderWay(run) && <ConfirmButton size="xs" label="Delete" title="Delete this run" consequence="Its log and outputs go with it. Datasets that were made of them stay." onConfirm={remove} />}
    </Group>
  );
}

/** Does a run again with nothing changed, to see whether the same comes out. */
function Reproduce({ run }: { run: Run }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const reproducing = useMutation({
    mutationFn: () => reproduceRun(run.id),
    onSuccess: (again) => {
      queries.setQueryData(runQuery(again.id).queryKey, again);
      return navigate({ to: "/runs/$id", params: { id: again.id } });
    },
    onError: (error) => notifyProblem(error, "It was not done again"),
  });
  if (isUnderWay(run) || !run.repository_id) return null;
  return <Button size="xs" variant="default" leftSection={<IconRepeat size={15} />} loading={reproducing.isPending} title="With the same image, inputs and parameters" onClick={() => reproducing.mutate()}>Reproduce</Button>;
}
