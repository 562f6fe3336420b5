/** The table of an experiment: which columns it shows, what stands in them, and in which order. All functions are pure. */
import type { ComparedRun, RunSummary } from "@/client/types";

import { formatNumber } from "./format";
import { compactJson } from "./json";

/** `column` is `parameters.NAME`, `metrics.NAME`, `started` or `took`. */
export type Order = { column: string; descending: boolean };

/** The columns that are shown: those chosen that there are, or all. */
export function shownColumns(chosen: string[], all: string[]): string[] {
  const known = chosen.filter((column) => all.includes(column));
  return known.length ? known : all;
}

/** What is chosen once a column is put in or taken out; nothing stands for all, and what is shown never becomes nothing. */
export function toggledColumns(chosen: string[], all: string[], column: string): string[] {
  const shown = shownColumns(chosen, all);
  const next = shown.includes(column) ? shown.filter((one) => one !== column) : all.filter((one) => one === column || shown.includes(one));
  if (!next.length) return shown;
  return next.length === all.length ? [] : next;
}

/** "metrics.loss" → "loss". */
export function columnName(column: string): string {
  return column.slice(column.indexOf(".") + 1);
}

export function isMetric(column: string): boolean {
  return column.startsWith("metrics.");
}

/** The names of the metrics among columns. */
export function metricsOf(columns: string[]): string[] {
  return columns.filter(isMetric).map(columnName);
}

/** What stands in a column: a metric by its last value; undefined where the run has none. */
export function cellOf(row: ComparedRun, column: string): unknown {
  const name = columnName(column);
  return isMetric(column) ? row.metrics[name]?.last : row.parameters[name];
}

/** A cell as it is read. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "—";
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? value : compactJson(value);
}

/** The rows as they are read: the pinned one on top, those without a value at the end. Without an order as they come. */
export function orderedRows(rows: ComparedRun[], order: Order | null): ComparedRun[] {
  const sorted = order ? [...rows].sort((a, b) => compare(keyOf(a, order.column), keyOf(b, order.column), order.descending)) : rows;
  return [...sorted.filter(({ is_pinned }) => is_pinned), ...sorted.filter(({ is_pinned }) => !is_pinned)];
}

/** What each run is called beside the others: by its title or what was run, and by its id where that is not enough. */
export function runNames(runs: Pick<RunSummary, "id" | "title" | "repository" | "version">[]): Map<string, string> {
  const plain = runs.map(({ title, repository, version }) => title || `${repository} v${version}`);
  return new Map(runs.map(({ id }, index) => {
    const name = plain[index] ?? id;
    return [id, plain.indexOf(name) === plain.lastIndexOf(name) ? name : `${name} · ${id.slice(-6)}`];
  }));
}

function keyOf(row: ComparedRun, column: string): unknown {
  if (column === "started") return row.run.created_at;
  return column === "took" ? row.seconds : cellOf(row, column);
}

function compare(a: unknown, b: unknown, descending: boolean): number {
  const [noA, noB] = [a === undefined || a === null, b === undefined || b === null];
  if (noA || noB) return Number(noA) - Number(noB);
  const ascending = typeof a === "number" && typeof b === "number" ? a - b : cellKey(a).localeCompare(cellKey(b), "en", { numeric: true });
  return descending ? -ascending : ascending;
}

function cellKey(value: unknown): string {
  return typeof value === "string" ? value : compactJson(value);
}
