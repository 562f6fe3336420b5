import { Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconFlask, IconPencil } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { ProblemError } from "@/client/problem";
import type { ComparedRun, Experiment } from "@/client/types";
import { metricsOf, type Order } from "@/lib/experiment-table";
import { ConfirmButton } from "@/ui/confirm-button";
import { EmptyState } from "@/ui/empty-state";
import { notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { TimeAgo } from "@/ui/time-ago";

import { changeExperiment, comparedQuery, deleteExperiment, experimentQuery } from "../api/experiments";
import { Comparison } from "../components/comparison";
import { ExperimentDialog } from "../components/experiment-dialog";
import { HowRunsGetIn } from "../components/how-runs-get-in";

export type ExperimentView = { order: Order | null; metric: string | undefined };

type Props = {
  id: string;
  view: ExperimentView;
  onView: (part: Partial<ExperimentView>) => void;
  /** What other features do with a run of it. */
  action: (row: ComparedRun, name: string) => React.ReactNode;
  onDeleted: () => Promise<unknown>;
};

/** One experiment: its runs beside each other, and their metrics over the steps. */
export function ExperimentPage({ id, onDeleted, ...shown }: Props) {
  const { data: experiment, error, refetch } = useQuery(experimentQuery(id));
  const table = useQuery(comparedQuery(id));
  usePageTitle(experiment ? `${experiment.name} · Experiment` : "Experiment");
  if (experiment === null || (error instanceof ProblemError && error.status === 422))
    return <EmptyState whole icon={<IconAlertTriangle size={34} />} title="There is no such experiment">It was deleted, or belongs to somebody else.</EmptyState>;
  const failure = error ?? table.error;
  if (failure) return <ProblemAlert error={failure} onRetry={() => void Promise.all([refetch(), table.refetch()])} />;
  if (!experiment || !table.data) return <Skeleton height={320} />;
  return (
    <Stack gap="md">
      <Head experiment={experiment} onDeleted={onDeleted} />
      {experiment.description && <Text style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }} maw={760}>{experiment.description}</Text>}
      {table.data.rows.length > 0 ? (
        <Comparison experiment={experiment} table={table.data} metrics={metricsOf(table.data.columns)} {...shown} />
      ) : (
        <div className="surface"><EmptyState icon={<IconFlask size={36} stroke={1.4} />} title="No run is in it yet"><HowRunsGetIn name={experiment.name} /></EmptyState></div>
      )}
    </Stack>
  );
}

function Head({ experiment, onDeleted }: { experiment: Experiment; onDeleted: () => Promise<unknown> }) {
  const { id, name, description, runs, created_at } = experiment;
  const queries = useQueryClient();
  const [editing, dialog] = useDisclosure(false);
  const remove = () =>
    deleteExperiment(id).then(
      async () => {
        await onDeleted();
        queries.removeQueries(experimentQuery(id));
        void queries.invalidateQueries({ queryKey: ["experiments", "list"] });
      },
      (error: unknown) => {
        notifyProblem(error, "It was not deleted");
        throw error;
      },
    );
  return (
    <div style={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 12 }}>
      <Title order={1} style={{ overflowWrap: "anywhere" }}>{name}</Title>
      <Text size="sm" c="dimmed">{runs === 1 ? "1 run" : `${runs.toLocaleString("en")} runs`} · made <TimeAgo at={created_at} /></Text>
      <span className="grow" />
      <Group gap="xs">
        <Button size="xs" variant="default" leftSection={<IconPencil size={15} />} onClick={dialog.open}>Rename or describe</Button>
        <ConfirmButton size="xs" label="Delete" title="Delete this experiment" consequence="Its runs stay, with all that they left; what they were compared by goes." onConfirm={remove} />
      </Group>
      <ExperimentDialog title="Rename or describe" verb="Save" first={{ name, description }} opened={editing} onClose={dialog.close} save={(facts) => changeExperiment(id, facts)} />
    </div>
  );
}
