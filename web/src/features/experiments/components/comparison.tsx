import { Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import type { ComparedRun, Experiment } from "@/client/types";
import { orderedRows, runNames, shownColumns } from "@/lib/experiment-table";
import { patience } from "@/lib/run-state";
import { notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";

import { takeRun } from "../api/experiments";
import { useExperimentChange } from "../api/use-experiment-change";
import type { ExperimentView } from "../pages/experiment-page";
import { ColumnChoice } from "./column-choice";
import { CompareTable } from "./compare-table";
import { Curves } from "./curves";

type Props = {
  experiment: Experiment;
  table: { columns: string[]; rows: ComparedRun[] };
  metrics: string[];
  view: ExperimentView;
  onView: (part: Partial<ExperimentView>) => void;
  action: (row: ComparedRun, name: string) => React.ReactNode;
};

/** The table of the runs with its columns, and what one metric did. */
export function Comparison({ experiment, table, metrics, view, onView, action }: Props) {
  const queries = useQueryClient();
  const changing = useExperimentChange(experiment.id);
  const taking = useMutation({
    mutationFn: (runId: string) => takeRun(experiment.id, runId),
    onError: (error) => notifyProblem(error, "It was not taken out"),
    onSettled: () => queries.invalidateQueries({ queryKey: ["experiments"] }),
  });
  const names = useNames(table.rows);
  const rows = table.rows.map((row) => ({ ...row, is_pinned: row.run.id === experiment.pinned }));
  return (
    <>
      <Section title="Runs" flush aside={<ColumnChoice all={table.columns} chosen={experiment.columns} onChange={(columns) => changing.mutate({ columns })} />}>
        <CompareTable
          rows={orderedRows(rows, view.order)}
          names={names}
          columns={shownColumns(experiment.columns, table.columns)}
          order={view.order}
          onOrder={(order) => onView({ order })}
          onPin={(pinned) => changing.mutate({ pinned })}
          onTake={(runId) => taking.mutate(runId)}
          action={action}
        />
        {experiment.runs > rows.length && <div className="body"><Text size="sm" c="dimmed">The newest {rows.length} of {experiment.runs.toLocaleString("en")} runs.</Text></div>}
      </Section>
      {metrics.length > 0 && <Curves experimentId={experiment.id} metrics={metrics} metric={view.metric} onMetric={(metric) => onView({ metric })} names={names} every={patience(table.rows.map(({ run }) => run))} />}
    </>
  );
}

/** The same map as long as the runs are called the same: what is drawn by it is not drawn anew with each answer. */
function useNames(rows: ComparedRun[]): Map<string, string> {
  const told = JSON.stringify([...runNames(rows.map(({ run }) => run))]);
  return useMemo(() => new Map(JSON.parse(told) as [string, string][]), [told]);
}
