/** What usage and quotas are called and how much of them reads. All functions are pure. */
import { formatBytes, formatNumber, formatSeconds } from "./format";

type Shown = { label: string; unit: string; scale: number; format: (value: number) => string };

const HOUR = 3600;
const GB = 1e9;
const count = (value: number) => formatNumber(value);
const held = (value: number) => (value < HOUR ? `${formatNumber(round(value))} GB s` : `${formatNumber(round(value / HOUR))} GB h`);

/** By kind: its name, the unit in which a quota is typed and how many of the API's that is, and how it reads. */
const KINDS: Record<string, Shown> = {
  cpu_seconds: { label: "CPU time", unit: "hours", scale: HOUR, format: formatSeconds },
  memory_gb_seconds: { label: "Memory", unit: "GB hours", scale: HOUR, format: held },
  gpu_seconds: { label: "GPU time", unit: "hours", scale: HOUR, format: formatSeconds },
  storage_gb_hours: { label: "Storage", unit: "GB hours", scale: 1, format: (value) => `${formatNumber(round(value))} GB h` },
  bytes_out: { label: "Sent", unit: "GB", scale: GB, format: formatBytes },
  predictions: { label: "Predictions", unit: "predictions", scale: 1, format: count },
  runs: { label: "Runs", unit: "runs", scale: 1, format: count },
  storage_bytes: { label: "Stored now", unit: "GB", scale: GB, format: formatBytes },
  concurrent_runs: { label: "Runs at the same time", unit: "runs", scale: 1, format: count },
};

export const USAGE_KINDS = ["cpu_seconds", "memory_gb_seconds", "gpu_seconds", "storage_gb_hours", "bytes_out", "predictions", "runs"] as const;

export function usageKind(kind: string): Shown {
  return KINDS[kind] ?? { label: kind, unit: "", scale: 1, format: count };
}

export function formatUsage(kind: string, quantity: number): string {
  return usageKind(kind).format(quantity);
}

/** First and last day (ISO) of a month such as "2026-02". */
export function daysOfMonth(month: string): { since: string; until: string } {
  const [year, number] = month.split("-").map(Number) as [number, number];
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return { since: `${month}-01`, until: `${month}-${String(last).padStart(2, "0")}` };
}

/** The last months, this one first, as "2026-11" and as people read it; `now` in milliseconds. */
export function lastMonths(count: number, now: number): { value: string; label: string }[] {
  const today = new Date(now);
  return Array.from({ length: count }, (_, back) => {
    const first = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1));
    const label = first.toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
    return { value: first.toISOString().slice(0, 7), label };
  });
}

/** A month of an address; undefined for what is none. */
export function readMonth(value: unknown): string | undefined {
  return typeof value === "string" && /^[12]\d{3}-(0[1-9]|1[0-2])$/.test(value) ? value : undefined;
}

/** Every day of a month with what was used on it, 0 where nothing was. */
export function fillDays(month: string, lines: { day?: string | null; kind: string; quantity: number }[], kind: string): { day: string; quantity: number }[] {
  const known = new Map(lines.filter((line) => line.kind === kind).map((line) => [line.day, line.quantity]));
  const last = Number(daysOfMonth(month).until.slice(-2));
  return Array.from({ length: last }, (_, index) => {
    const day = `${month}-${String(index + 1).padStart(2, "0")}`;
    return { day, quantity: known.get(day) ?? 0 };
  });
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
