import type { Inputs, Schema } from "./form-schema";
import { isRecord } from "./json";

/** What a version takes and gives. `inputs` and `output` are JSON Schemas; `output` is one item's where it streams. */
export type Signature = { inputs: Schema; output: Schema; streams: boolean; notes: string[] };

/** What describes a version: as the platform tells it, or as a box tells it of itself. */
export type Signed = { signature: Record<string, unknown> | null; card: Record<string, unknown> };

export function signatureOf({ signature }: Signed): Signature {
  const { inputs, output, streams, notes } = signature ?? {};
  return {
    inputs: isRecord(inputs) ? inputs : {},
    output: isRecord(output) ? output : {},
    streams: streams === true,
    notes: Array.isArray(notes) ? notes.filter((note) => typeof note === "string") : [],
  };
}

/** The example inputs on a version's card; undefined where there is none. */
export function exampleOf({ card }: Signed): Inputs | undefined {
  return isRecord(card.example) ? card.example : undefined;
}
