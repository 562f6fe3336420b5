import type { Operation } from "@/client/types";

export const OPERATION_KINDS: Operation["kind"][] = ["operation", "visualisation", "trainer"];

/** What each kind of operation does, in a sentence. */
export const KIND_MEANINGS: Record<Operation["kind"], string> = {
  operation: "Makes data of data.",
  visualisation: "Shows data: pictures, pages, tables.",
  trainer: "Trains a model, and says how it goes.",
};
