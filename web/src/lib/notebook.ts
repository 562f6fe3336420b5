/** Jupyter notebooks as data (nbformat 4): what is shown of them, never executed. */
import { isRecord } from "./json";

export type Output = { kind: "text" | "error"; text: string } | { kind: "image"; url: string };
export type Cell = { kind: "markdown" | "code" | "raw"; source: string; outputs: Output[] };
export type Notebook = { language: string; cells: Cell[] };

const IMAGES = ["image/png", "image/jpeg", "image/gif"];
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;
// eslint-disable-next-line no-control-regex -- the colours of a terminal
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/** The cells of a notebook; null for what is none. */
export function readNotebook(text: string): Notebook | null {
  const found = parse(text);
  if (!isRecord(found) || !Array.isArray(found.cells)) return null;
  const metadata = isRecord(found.metadata) ? found.metadata : {};
  const info = isRecord(metadata.language_info) ? metadata.language_info : {};
  return { language: typeof info.name === "string" ? info.name : "python", cells: found.cells.filter(isRecord).map(readCell) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readCell(cell: Record<string, unknown>): Cell {
  const kind = cell.cell_type === "markdown" || cell.cell_type === "code" ? cell.cell_type : "raw";
  const outputs = Array.isArray(cell.outputs) ? cell.outputs.filter(isRecord).flatMap(readOutput) : [];
  return { kind, source: joined(cell.source), outputs };
}

/** Pictures as pictures, all else as text: what a notebook gives as HTML or script is never used. */
function readOutput(output: Record<string, unknown>): Output[] {
  if (output.output_type === "stream") return [{ kind: "text", text: plain(output.text) }];
  if (output.output_type === "error") return [{ kind: "error", text: plain(output.traceback, "\n") || plain(output.evalue) }];
  const data = isRecord(output.data) ? output.data : {};
  const type = IMAGES.find((name) => name in data);
  const bytes = type ? joined(data[type]) : "";
  if (type && BASE64.test(bytes)) return [{ kind: "image", url: `data:${type};base64,${bytes.replace(/\s/g, "")}` }];
  const text = plain(data["text/plain"]);
  return text ? [{ kind: "text", text }] : [];
}

function plain(value: unknown, separator = ""): string {
  return joined(value, separator).replace(COLOURS, "");
}

function joined(value: unknown, separator = ""): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((part) => typeof part === "string").join(separator) : "";
}
