import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";

import { formatNumber } from "@/lib/format";

const Canvas = lazy(() => import("./chart-canvas"));

/** `x` is a number, or a name where the axis is of names. */
export type ChartSeries = { name: string; points: [x: number | string, y: number][] };

export type ChartProps = {
  /** What the chart shows, for those who do not see it. */
  label: string;
  kind: "line" | "bar" | "histogram";
  series: ChartSeries[];
  /** `time`: x in milliseconds since 1970. */
  axis?: "number" | "time" | "name";
  xName?: string;
  yName?: string;
  /** How values are written, such as bytes; numbers where it is left out. */
  format?: (value: number) => string;
  height?: number;
};

/** Lines, bars or a histogram. The library is loaded when the first chart is shown; its place is kept until then. */
export function Chart(props: ChartProps) {
  const { label, height = 240 } = props;
  return (
    <div role="img" aria-label={`${label}. ${summary(props)}`} style={{ height }}>
      <Suspense fallback={<Skeleton height={height} />}><Canvas {...props} height={height} /></Suspense>
    </div>
  );
}

/** Bins of values as a histogram. */
export function Histogram({ label, bins, height }: { label: string; bins: { start: number; end: number; count: number }[]; height?: number }) {
  const points = bins.map(({ start, end, count }): [string, number] => [`${formatNumber(start)} – ${formatNumber(end)}`, count]);
  return <Chart label={label} kind="histogram" axis="name" series={[{ name: label, points }]} height={height} />;
}

function summary({ series, format = formatNumber }: ChartProps): string {
  const told = series.slice(0, 5).map(({ name, points }) => {
    const values = points.map(([, y]) => y);
    const last = values.at(-1);
    if (last === undefined) return `${name}: nothing`;
    const least = values.reduce((a, b) => Math.min(a, b), last);
    const most = values.reduce((a, b) => Math.max(a, b), last);
    return `${name}: from ${format(least)} to ${format(most)}, at the end ${format(last)}`;
  });
  return told.join("; ");
}
