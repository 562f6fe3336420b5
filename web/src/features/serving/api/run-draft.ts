import { useCallback, useSyncExternalStore } from "react";

import type { Address } from "@/client/types";
import type { Inputs } from "@/lib/form-schema";

/**
 * What the Run form holds for a repository: the API tab shows the same call, and nothing typed is lost on the way.
 * `files` are the names of the files whose bytes are in `inputs`. `target` is an alias or a version ("production", "v3").
 */
export type RunDraft = { inputs: Inputs | null; files: Record<string, string>; target: string };

const FRESH: RunDraft = { inputs: null, files: {}, target: "production" };
const STORED_AT_MOST = 500_000;

const drafts = new Map<string, RunDraft>();
const listeners = new Set<() => void>();

export function useRunDraft({ owner, name }: Address) {
  const key = `run:${owner}/${name}`;
  const draft = useSyncExternalStore(subscribe, () => read(key));
  const change = useCallback(
    (change: Partial<RunDraft>) => {
      const next = { ...read(key), ...change };
      drafts.set(key, next);
      store(key, next);
      listeners.forEach((listener) => listener());
    },
    [key],
  );
  return { draft, change };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(key: string): RunDraft {
  let draft = drafts.get(key);
  if (!draft) {
    draft = restore(key);
    drafts.set(key, draft);
  }
  return draft;
}

function restore(key: string): RunDraft {
  try {
    return { ...FRESH, ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<RunDraft>) };
  } catch {
    return FRESH;
  }
}

function store(key: string, draft: RunDraft): void {
  const text = JSON.stringify(draft);
  if (text.length > STORED_AT_MOST) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, text);
}
