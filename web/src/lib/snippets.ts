/**
 * The call that a form would make now, as curl, Python and JavaScript that run when pasted. The token comes from the
 * environment variable MODELYARD_TOKEN; files are read from the name that they had when they were chosen.
 */
import { compactJson, isRecord, prettyJson } from "./json";

export type Call = {
  url: string;
  inputs: Record<string, unknown>;
  /** Inputs that are the bytes of a file, and that file's name. */
  files: Record<string, string>;
  withToken: boolean;
};

export const LANGUAGES = ["curl", "python", "javascript"] as const;
export type Language = (typeof LANGUAGES)[number];

const SHORT = 1500;

export function snippet(language: Language, call: Call): string {
  return { curl, python, javascript }[language](call);
}

function curl(call: Call): string {
  const lines = [`curl -sS --fail-with-body ${quote(call.url)}`];
  if (call.withToken) lines.push(`-H "Authorization: Bearer $MODELYARD_TOKEN"`);
  const only = onlyFile(call);
  if (only) return [...lines, `-F ${quote(`${only.input}=@${only.file}`)}`].join(" \\\n  ");
  lines.push(`-H 'Content-Type: application/json'`);
  const body = compactJson(call.inputs);
  if (!Object.keys(call.files).length && body.length <= SHORT) return [...lines, `-d ${quote(prettyJson(call.inputs))}`].join(" \\\n  ");
  return `${[...lines, "--data-binary @- <<JSON"].join(" \\\n  ")}\n${shellBody(call)}\nJSON`;
}

/** A JSON body for an open here-document: file inputs become `$(base64 …)`, all else is taken literally. */
function shellBody(call: Call): string {
  const pairs = Object.entries(call.inputs).map(([name, value]) => {
    const file = call.files[name];
    const text = file === undefined ? escapeHere(compactJson(value)) : `"$(base64 -w0 < ${quote(file)})"`;
    return `${escapeHere(JSON.stringify(name))}: ${text}`;
  });
  return `{${pairs.join(", ")}}`;
}

function python(call: Call): string {
  const only = onlyFile(call);
  const encodes = !only && Object.keys(call.files).length > 0;
  const imports = [encodes && "import base64", call.withToken && "import os", encodes && "from pathlib import Path"];
  const body = only
    ? `    files={${JSON.stringify(only.input)}: open(${JSON.stringify(only.file)}, "rb")},`
    : `    json=${pythonBody(call)},`;
  return [
    ...imports.filter(Boolean),
    ...(imports.some(Boolean) ? [""] : []),
    "import requests",
    "",
    "answer = requests.post(",
    `    ${JSON.stringify(call.url)},`,
    ...(call.withToken ? [`    headers={"Authorization": f"Bearer {os.environ['MODELYARD_TOKEN']}"},`] : []),
    body,
    "    timeout=60,",
    ")",
    "answer.raise_for_status()",
    "print(answer.json())",
  ].join("\n");
}

function pythonBody(call: Call): string {
  const pairs = Object.entries(call.inputs).map(([name, value]) => {
    const file = call.files[name];
    const text = file === undefined ? pythonLiteral(value) : `base64.b64encode(Path(${JSON.stringify(file)}).read_bytes()).decode()`;
    return `        ${JSON.stringify(name)}: ${text},`;
  });
  return pairs.length ? `{\n${pairs.join("\n")}\n    }` : "{}";
}

export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (isRecord(value)) return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonLiteral(v)}`).join(", ")}}`;
  return JSON.stringify(value);
}

function javascript(call: Call): string {
  const only = onlyFile(call);
  const reads = Object.keys(call.files).length > 0;
  const headers = [
    call.withToken && "    Authorization: `Bearer ${process.env.MODELYARD_TOKEN}`,",
    !only && `    "Content-Type": "application/json",`,
  ].filter(Boolean);
  return [
    ...(reads ? [`import { readFile } from "node:fs/promises";`, ""] : []),
    ...(only
      ? ["const body = new FormData();", `body.append(${JSON.stringify(only.input)}, new Blob([await readFile(${JSON.stringify(only.file)})]), ${JSON.stringify(only.file)});`, ""]
      : []),
    `const answer = await fetch(${JSON.stringify(call.url)}, {`,
    `  method: "POST",`,
    ...(headers.length ? ["  headers: {", ...headers, "  },"] : []),
    only ? "  body," : `  body: JSON.stringify(${javascriptBody(call)}),`,
    "});",
    "if (!answer.ok) throw new Error(await answer.text());",
    "console.log(await answer.json());",
  ].join("\n");
}

function javascriptBody(call: Call): string {
  const pairs = Object.entries(call.inputs).map(([name, value]) => {
    const file = call.files[name];
    const text = file === undefined ? compactJson(value) : `(await readFile(${JSON.stringify(file)})).toString("base64")`;
    return `    ${JSON.stringify(name)}: ${text},`;
  });
  return pairs.length ? `{\n${pairs.join("\n")}\n  }` : "{}";
}

/** A call whose one input is a file sends the file itself. */
function onlyFile(call: Call): { input: string; file: string } | null {
  const names = Object.keys(call.inputs);
  const [input] = names;
  const file = input === undefined ? undefined : call.files[input];
  return names.length === 1 && input !== undefined && file !== undefined ? { input, file } : null;
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function escapeHere(text: string): string {
  return text.replace(/[\\$`]/g, "\\$&");
}
