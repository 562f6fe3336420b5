/** What differs between two versions: their fields and signatures. Pure. */
import { propertiesOf } from "./form-schema";
import { compactJson, isRecord } from "./json";
import type { Signature } from "./signature";
import { typeName } from "./type-name";

/** One thing that differs; `before` is null where it was added, `after` where it was removed. */
export type Difference = { name: string; before: string | null; after: string | null };
export type Range = { base: number; head: number };

/** "v1...v2" as two version numbers; null for anything else. */
export function parseRange(text: string): Range | null {
  const match = /^v?(\d{1,9})\.\.\.v?(\d{1,9})$/.exec(text);
  return match ? { base: Number(match[1]), head: Number(match[2]) } : null;
}

export function formatRange({ base, head }: Range): string {
  return `v${base}...v${head}`;
}

/** The names that differ, sorted; values are compared as they are written. */
export function compareFields(before: Record<string, string>, after: Record<string, string>): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => ({ name, before: before[name] ?? null, after: after[name] ?? null }))
    .filter((difference) => difference.before !== difference.after);
}

/** A card's filled fields as text. */
export function cardFields(card: Record<string, unknown>): Record<string, string> {
  const filled = Object.entries(card).filter(([, value]) => value !== null && value !== "" && !(typeof value === "object" && Object.keys(value).length === 0));
  return Object.fromEntries(filled.map(([name, value]) => [name, typeof value === "string" ? value : compactJson(value)]));
}

/** Inputs and output as a person reads them: type, whether it may be left out, bounds, meaning. */
export function signatureFields({ inputs, output, streams }: Signature): Record<string, string> {
  const required = Array.isArray(inputs.required) ? inputs.required : [];
  const rows = Object.entries(propertiesOf(inputs)).map(([name, schema]) => [`input ${name}`, describeType(schema) + (required.includes(name) ? "" : ", optional")]);
  return { ...(Object.fromEntries(rows) as Record<string, string>), output: describeType(output) + (streams ? ", streamed" : "") };
}

const QUIET = new Set(["title", "type", "items", "properties", "required", "$defs", "$ref", "anyOf", "enum", "additionalProperties", "format", "x-modelyard"]);

function describeType(schema: unknown): string {
  const name = typeName(schema);
  if (!isRecord(schema)) return name;
  const rest = Object.entries(schema).filter(([key]) => !QUIET.has(key));
  // Bounds inside lists and objects are compared too, though they are not written out one by one.
  const inner = isRecord(schema.items) || isRecord(schema.properties) ? { items: schema.items, properties: schema.properties } : null;
  const details = rest.map(([key, value]) => `${key} ${typeof value === "string" ? value : compactJson(value)}`);
  return [name, ...details, ...(inner ? [compactJson(inner)] : [])].join(", ");
}
