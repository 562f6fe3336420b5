/**
 * What a run is asked for with, as its form holds it: where each input comes from, and what the server said of which field.
 * Pure; the order that it becomes is what the API, the command line and the form send alike.
 */
import type { InputField, InputSource, NewRun } from "@/client/types";
import type { Problem } from "@/client/problem";

/** Where an input is taken from; what was chosen elsewhere is kept while another place is looked at. */
export type Picked = {
  from: "dataset" | "files" | "run";
  /** `owner/name`, and its version; null is the newest. */
  dataset: string;
  version: number | null;
  path: string;
  run: string;
  runPath: string;
  uploads: { upload: string; path: string }[];
  /** What an earlier run was given under a name, of one's own files; it is given again unless others are chosen. */
  held: { run: string; input: string } | null;
  /** How many files are still on their way, or were refused. */
  waiting: number;
};

export const NOTHING: Picked = { from: "dataset", dataset: "", version: null, path: "", run: "", runPath: "", uploads: [], held: null, waiting: 0 };

/** Memory in bytes, time in seconds; null is what the version asks for. */
export type Resources = { cpus: number | null; memory_bytes: number | null; timeout_seconds: number | null; disk_bytes: number | null; gpus: number | null };
export type OrderDraft = {
  parameters: Record<string, unknown> | null;
  inputs: Record<string, Picked>;
  resources: Resources;
  priority: number;
  maxAttempts: number;
  labels: string[];
  title: string;
  keepAs: string;
  /** Empty for none. */
  experimentId: string;
};

export const NO_RESOURCES: Resources = { cpus: null, memory_bytes: null, timeout_seconds: null, disk_bytes: null, gpus: null };
export const FRESH_ORDER: OrderDraft = { parameters: null, inputs: {}, resources: NO_RESOURCES, priority: 0, maxAttempts: 1, labels: [], title: "", keepAs: "", experimentId: "" };

/** What is sent for an input; undefined where nothing was chosen. */
export function sourceOf(picked: Picked | undefined): InputSource | undefined {
  if (!picked) return undefined;
  if (picked.from === "dataset") {
    if (!picked.dataset) return undefined;
    return { dataset: picked.version === null ? picked.dataset : `${picked.dataset}@v${picked.version}`, ...withPath(picked.path) };
  }
  if (picked.from === "run") return picked.run ? { run: picked.run, ...withPath(picked.runPath) } : undefined;
  if (!picked.uploads.length) return picked.held ?? undefined;
  return { uploads: picked.uploads.map(({ upload, path }) => ({ upload, ...withPath(path) })) };
}

/** An input as an earlier run was asked for it. */
export function pickedOf(source: InputSource): Picked {
  if (source.run && source.input) return { ...NOTHING, from: "files", held: { run: source.run, input: source.input } };
  if (source.run) return { ...NOTHING, from: "run", run: source.run, runPath: source.path ?? "" };
  if (source.uploads?.length) return { ...NOTHING, from: "files", uploads: source.uploads.map(({ upload, path }) => ({ upload, path: path ?? "" })) };
  const [dataset = "", version] = (source.dataset ?? "").split("@v");
  return { ...NOTHING, dataset, version: version ? Number(version) : null, path: source.path ?? "" };
}

/** The order that the form would send now. */
export function orderOf(draft: OrderDraft, version: number, parameters: Record<string, unknown>, fields: InputField[]): NewRun {
  const inputs: Record<string, InputSource> = {};
  for (const { name } of fields) {
    const source = sourceOf(draft.inputs[name]);
    if (source) inputs[name] = source;
  }
  const resources = Object.fromEntries(Object.entries(draft.resources).filter(([, value]) => value !== null));
  return {
    version,
    ...(Object.keys(parameters).length && { parameters }),
    ...(Object.keys(inputs).length && { inputs }),
    ...(Object.keys(resources).length && { resources }),
    ...(draft.priority && { priority: draft.priority }),
    ...(draft.maxAttempts !== 1 && { max_attempts: draft.maxAttempts }),
    ...(draft.labels.length && { labels: draft.labels }),
    ...(draft.title.trim() && { title: draft.title.trim() }),
    ...(draft.keepAs.trim() && { keep_as: { dataset: draft.keepAs.trim() } }),
    ...(draft.experimentId && { experiment_id: draft.experimentId }),
  };
}

/** The form as an earlier run was asked for. */
export function draftOf(order: NewRun): OrderDraft {
  return {
    parameters: order.parameters ?? {},
    inputs: Object.fromEntries(Object.entries(order.inputs ?? {}).map(([name, source]) => [name, pickedOf(source)])),
    resources: { ...NO_RESOURCES, ...order.resources },
    priority: order.priority ?? 0,
    maxAttempts: order.max_attempts ?? 1,
    labels: order.labels ?? [],
    title: order.title ?? "",
    keepAs: order.keep_as?.dataset ?? "",
    experimentId: order.experiment_id ?? "",
  };
}

/** What is to be done before the run can be asked for; empty when nothing is. */
export function waitingFor(draft: OrderDraft, fields: InputField[]): string {
  for (const { name, title, required } of fields) {
    const picked = draft.inputs[name];
    if (picked?.from === "files" && picked.waiting) return `${title}: waiting for ${picked.waiting === 1 ? "1 file" : `${picked.waiting} files`} to be stored.`;
    if (required && !sourceOf(picked)) return `Choose ${title}.`;
  }
  return "";
}

export type PlacedProblems = { parameters: Record<string, string>; inputs: Record<string, string>; others: Record<string, string> };

/** What the server said, by the field that it is about; `others` by the name of the order's own field. */
export function placeProblem(problem: Problem): PlacedProblems {
  const placed: PlacedProblems = { parameters: {}, inputs: {}, others: {} };
  const detail = [problem.detail, problem.remedy].filter(Boolean).join(" ");
  const said = problem.field ? [{ field: problem.field, detail }, ...(problem.errors ?? [])] : (problem.errors ?? []);
  for (const { field, detail } of said) {
    const [place = "", name, ...rest] = field.replace(/^body\./, "").split(".");
    if (place === "parameters" && name) placed.parameters[[name, ...rest].join(".")] ??= detail;
    else if (place === "inputs" && name) placed.inputs[name] ??= detail;
    else placed.others[place === "resources" && name ? name : place] ??= detail;
  }
  return placed;
}

function withPath(path: string): { path?: string } {
  return path ? { path } : {};
}
