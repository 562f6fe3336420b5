/** JSON as people write it: short lists stay on one line. */

export type Json = unknown;

const WIDTH = 96;

export function prettyJson(value: Json, indent = 0): string {
  const flat = compactJson(value);
  if (flat.length + indent <= WIDTH || !isNested(value)) return flat;
  const pad = " ".repeat(indent + 2);
  const lines = Array.isArray(value)
    ? value.map((item) => pad + prettyJson(item, indent + 2))
    : Object.entries(value).map(([key, item]) => `${pad}${JSON.stringify(key)}: ${prettyJson(item, indent + 2)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${" ".repeat(indent)}${close}`;
}

/** One line, with a space after commas and colons. */
export function compactJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(compactJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}: ${compactJson(item)}`).join(", ")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** Lists of plain values are wrapped by the reader's screen, never one number a line. */
function isNested(value: Json): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value)) return Object.keys(value).length > 0;
  return value.some((item) => typeof item === "object" && item !== null);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
