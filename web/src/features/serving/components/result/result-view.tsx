import { Anchor, Code, Text } from "@mantine/core";

import { imageUrl } from "@/lib/base64";
import { kindOf } from "@/lib/form-schema";
import { formatNumber } from "@/lib/format";
import { isRecord, prettyJson } from "@/lib/json";
import { gridOf, gridShape } from "@/lib/grid";

import { CodeBlock } from "@/ui/code-block";

import { GridPicture } from "./grid-picture";
import { ProbabilityBars } from "./probability-bars";
import { RecordTable } from "./record-table";

type Props = { output: unknown; schema: Record<string, unknown> };

/** A result as what it is: bars, an image, a table, a number, text; anything else as JSON. */
export function ResultView({ output, schema }: Props) {
  if (isProbabilities(output, schema)) return <ProbabilityBars values={output} />;
  const picture = imageUrl(output);
  if (picture) return <img src={picture} alt="The model's output" style={{ maxWidth: "100%", borderRadius: 6 }} />;
  if (kindOf(schema) === "file" && typeof output === "string") return <Download base64={output} />;
  if (isTable(output)) return <RecordTable rows={output} />;
  const shape = gridShape({}, output);
  if (shape && shape.layout === "rows" && kindOf(schema) === "array") return <GridPicture grid={gridOf(output, shape)} shape={shape} />;
  if (typeof output === "number") return <Large text={formatNumber(output)} />;
  if (typeof output === "boolean") return <Large text={output ? "Yes" : "No"} />;
  if (output === null) return <Text c="dimmed">Nothing (null)</Text>;
  if (typeof output === "string") return output.length < 60 && !output.includes("\n") ? <Large text={output} /> : <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{output}</Text>;
  if (isRecord(output) && isFlat(output)) return <Facts values={output} />;
  return <CodeBlock label="Output as JSON" text={prettyJson(output)} />;
}

function Large({ text }: { text: string }) {
  return <Text fz={34} fw={650} lh={1.2} style={{ overflowWrap: "anywhere" }}>{text}</Text>;
}

function Facts({ values }: { values: Record<string, unknown> }) {
  return (
    <dl style={{ margin: 0, display: "grid", gridTemplateColumns: "minmax(90px, auto) 1fr", gap: "6px 16px" }}>
      {Object.entries(values).map(([key, value]) => (
        <div key={key} style={{ display: "contents" }}>
          <dt className="quiet">{key}</dt>
          <dd style={{ margin: 0, overflowWrap: "anywhere" }}>{typeof value === "number" ? formatNumber(value) : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Download({ base64 }: { base64: string }) {
  return <Text>The output is a file: <Anchor href={`data:application/octet-stream;base64,${base64}`} download="output">download it</Anchor> <Code>{Math.floor((base64.length * 3) / 4)} B</Code></Text>;
}

function isProbabilities(output: unknown, schema: Record<string, unknown>): output is Record<string, number> {
  if (!isRecord(output) || !Object.keys(output).length) return false;
  const values = Object.values(output);
  if (!values.every((value) => typeof value === "number" && value >= 0 && value <= 1.000001)) return false;
  const sum = (values as number[]).reduce((total, value) => total + value, 0);
  return kindOf(schema) === "probabilities" ? true : values.length > 1 && Math.abs(sum - 1) < 1e-3;
}

function isTable(output: unknown): output is Record<string, unknown>[] {
  return Array.isArray(output) && output.length > 0 && output.every(isRecord) && output.every(isFlat);
}

function isFlat(record: Record<string, unknown>): boolean {
  return Object.keys(record).length > 0 && Object.values(record).every((value) => typeof value !== "object" || value === null);
}
