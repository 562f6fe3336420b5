import { useState } from "react";

import type { Inputs } from "@/lib/form-schema";
import { initialInputs } from "@/lib/form-schema";
import { exampleOf, type Signed, signatureOf } from "@/lib/signature";

import type { useRunDraft } from "../api/run-draft";

type Draft = ReturnType<typeof useRunDraft>;

/** The inputs that the form holds for a version: those typed before, else the example's. */
export function useInputs({ draft, change }: Draft, version: Signed) {
  const [round, setRound] = useState(0);
  const fresh = () => initialInputs(signatureOf(version).inputs, exampleOf(version));
  return {
    values: draft.inputs ?? fresh(),
    round,
    setValues: (inputs: Inputs) => change({ inputs }),
    setFile: (input: string, fileName: string | null) => {
      const files = { ...draft.files };
      if (fileName === null) delete files[input];
      else files[input] = fileName;
      change({ files });
    },
    /** Back to the example; the form is made anew, so that half-typed JSON goes too. */
    reset: () => {
      change({ inputs: fresh(), files: {} });
      setRound(round + 1);
    },
  };
}

export type HeldInputs = ReturnType<typeof useInputs>;
