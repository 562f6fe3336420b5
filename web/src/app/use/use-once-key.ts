import { useState } from "react";

import { ProblemError } from "@/client/problem";

/** A key for asking only once: the same as long as an answer may have been lost, another one after any answer. */
export function useOnceKey() {
  const [key, setKey] = useState(() => crypto.randomUUID());
  const answered = (error?: unknown) => {
    const isLost = error !== undefined && !(error instanceof ProblemError && error.status !== 0);
    if (!isLost) setKey(crypto.randomUUID());
  };
  return { key, answered };
}
