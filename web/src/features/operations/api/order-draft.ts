import { useCallback, useState } from "react";

import { FRESH_ORDER, type OrderDraft } from "@/lib/run-order";

const STORED_AT_MOST = 500_000;

export type HeldOrder = { draft: OrderDraft; change: (part: Partial<OrderDraft> | ((old: OrderDraft) => Partial<OrderDraft>)) => void; reset: () => void };

/** What the form holds, kept over a reload under `key`; `first` is what it starts with where nothing is kept. */
export function useOrderDraft(key: string, first: OrderDraft = FRESH_ORDER): HeldOrder {
  const [draft, setDraft] = useState<OrderDraft>(() => restore(key) ?? first);
  const change = useCallback<HeldOrder["change"]>(
    (part) =>
      setDraft((old) => {
        const next = { ...old, ...(typeof part === "function" ? part(old) : part) };
        store(key, next);
        return next;
      }),
    [key],
  );
  const reset = useCallback(() => {
    sessionStorage.removeItem(key);
    setDraft(FRESH_ORDER);
  }, [key]);
  return { draft, change, reset };
}

function restore(key: string): OrderDraft | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<OrderDraft> | null;
    return kept && { ...FRESH_ORDER, ...kept };
  } catch {
    return null; // What cannot be read is as if it had never been there.
  }
}

function store(key: string, draft: OrderDraft): void {
  const text = JSON.stringify(draft);
  if (text.length > STORED_AT_MOST) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, text);
}
