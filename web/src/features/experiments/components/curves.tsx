import { NativeSelect, Skeleton } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import type { RunCurve } from "@/client/types";
import { Chart, type ChartSeries } from "@/ui/chart";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { curvesQuery } from "../api/experiments";

const HEIGHT = 340;

type Props = {
  experimentId: string;
  metrics: string[];
  metric: string | undefined;
  onMetric: (metric: string) => void;
  /** What each run is called, by its id. */
  names: Map<string, string>;
  /** How often it is asked again, in milliseconds. */
  every: number;
};

/** One metric of all runs over its steps, a line for each. */
export function Curves({ experimentId, metrics, metric, onMetric, names, every }: Props) {
  const chosen = metrics.find((name) => name === metric) ?? metrics[0] ?? "";
  const { data, error, refetch } = useQuery({ ...curvesQuery(experimentId, chosen, every), placeholderData: keepPreviousData });
  const choice = <NativeSelect size="xs" aria-label="Which metric is drawn" data={metrics} value={chosen} onChange={(e) => onMetric(e.currentTarget.value)} />;
  return (
    <Section title="By step" aside={choice}>
      {error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : data ? <Drawn metric={chosen} curves={data} names={names} /> : <Skeleton height={HEIGHT} />}
    </Section>
  );
}

/** Lines; where no run said it more than once, a bar for each. */
function Drawn({ metric, curves, names }: { metric: string; curves: RunCurve[]; names: Map<string, string> }) {
  const isOnce = curves.every(({ points }) => points.length < 2);
  const series = useMemo(() => (isOnce ? [barsOf(metric, curves, names)] : linesOf(curves, names)), [isOnce, metric, curves, names]);
  if (isOnce) return <Chart label={`${metric} of each run`} kind="bar" axis="name" series={series} height={HEIGHT} />;
  return <Chart label={`${metric} by step, of each run`} kind="line" xName="step" series={series} height={HEIGHT} />;
}

const nameOf = (curve: RunCurve, names: Map<string, string>) => names.get(curve.run_id) ?? (curve.title || curve.run_id.slice(-6));

function linesOf(curves: RunCurve[], names: Map<string, string>): ChartSeries[] {
  return curves.map((curve) => ({ name: nameOf(curve, names), points: curve.points.map(({ step, value }): [number, number] => [step, value]) }));
}

function barsOf(metric: string, curves: RunCurve[], names: Map<string, string>): ChartSeries {
  return { name: metric, points: curves.flatMap((curve) => curve.points.map(({ value }): [string, number] => [nameOf(curve, names), value])) };
}
