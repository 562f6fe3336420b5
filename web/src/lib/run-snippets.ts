/**
 * The run that a form would ask for now, as curl, Python and the command line, which run when pasted. The token comes from
 * the environment variable MODELYARD_TOKEN.
 */
import type { NewRun } from "@/client/types";

import { compactJson, isRecord, prettyJson } from "./json";
import { pythonLiteral, quote } from "./snippets";

export const RUN_LANGUAGES = ["curl", "python", "cli"] as const;
export type RunLanguage = (typeof RUN_LANGUAGES)[number];
export type RunCall = { origin: string; address: string; order: NewRun };

export function runSnippet(language: RunLanguage, call: RunCall): string {
  return { curl, python, cli }[language](call);
}

function curl({ origin, address, order }: RunCall): string {
  return [
    `curl -sS --fail-with-body ${quote(`${origin}/api/v1/repos/${address}/runs`)}`,
    `-H "Authorization: Bearer $MODELYARD_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-d ${quote(prettyJson(order))}`,
  ].join(" \\\n  ");
}

function python({ origin, address, order }: RunCall): string {
  return [
    "import os",
    "",
    "import requests",
    "",
    "answer = requests.post(",
    `    ${JSON.stringify(`${origin}/api/v1/repos/${address}/runs`)},`,
    `    headers={"Authorization": f"Bearer {os.environ['MODELYARD_TOKEN']}"},`,
    `    json=${pythonLiteral(order)},`,
    "    timeout=60,",
    ")",
    "answer.raise_for_status()",
    `print(answer.json()["id"])`,
  ].join("\n");
}

function cli({ address, order }: RunCall): string {
  const words = [`modelyard run ${address}${order.version ? `@v${order.version}` : ""}`];
  for (const [name, value] of Object.entries(order.parameters ?? {})) words.push(`--param ${quoted(`${name}=${typeof value === "string" ? value : compactJson(value)}`)}`);
  for (const [name, source] of Object.entries(order.inputs ?? {})) {
    const path = source.path ? `/${source.path}` : source.input ? `:${source.input}` : "";
    if (source.dataset) words.push(`--in ${quoted(`${name}=${source.dataset}${path}`)}`);
    else if (source.run) words.push(`--in ${quoted(`${name}=run:${source.run}${path}`)}`);
    else words.push(`--in ${quoted(`${name}=${filesOf(source.uploads ?? [])}`)}`);
  }
  const { cpus, memory_bytes, timeout_seconds } = order.resources ?? {};
  if (cpus) words.push(`--cpus ${cpus}`);
  if (memory_bytes) words.push(`--memory ${memory_bytes}`);
  if (timeout_seconds) words.push(`--timeout ${timeout_seconds}`);
  if (order.priority) words.push(`--priority ${order.priority}`);
  if (order.max_attempts) words.push(`--attempts ${order.max_attempts}`);
  if (order.title) words.push(`--title ${quoted(order.title)}`);
  if (order.experiment_id) words.push(`--experiment ${order.experiment_id}`);
  if (isRecord(order.keep_as)) words.push(`--keep-as ${quoted(order.keep_as.dataset)}`);
  return [...words, "--wait"].join(" \\\n  ");
}

/** What was uploaded, as it lies on the person's own disk: one file, or the folder that has them all. */
function filesOf(uploads: { path?: string }[]): string {
  const [first = ""] = uploads.map(({ path }) => path ?? "");
  return uploads.length === 1 && first ? `./${first}` : first.includes("/") ? `./${first.split("/")[0] ?? ""}` : ".";
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quote(text);
}
