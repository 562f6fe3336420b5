import { useEffect, useState } from "react";

import type { Visibility } from "@/client/types";

/** How a model comes: its parts with code, the file of a trained model alone, or a zip of a folder. */
export type PushSource = "parts" | "model" | "archive";

/** What was typed in a push form. Kept until the push is accepted, over reloads and wrong turns. */
export type PushDraft = {
  name: string;
  title: string;
  description: string;
  visibility: Visibility;
  message: string;
  source: PushSource;
  /** Names this push to the server, so that sending it twice makes one version. */
  key: string;
  /** The repository was made by an earlier try of this very form. */
  made: boolean;
};

const fresh = (): PushDraft => ({ name: "", title: "", description: "", visibility: "private", message: "", source: "parts", key: crypto.randomUUID(), made: false });

export type DraftHandle = {
  draft: PushDraft;
  change: (change: Partial<PushDraft>) => void;
  /** Forgets it: the push was accepted. */
  forget: () => void;
};

export function usePushDraft(storageKey: string): DraftHandle {
  const [draft, setDraft] = useState<PushDraft>(() => restore(storageKey));
  useEffect(() => sessionStorage.setItem(storageKey, JSON.stringify(draft)), [storageKey, draft]);
  return {
    draft,
    change: (change) => setDraft((old) => ({ ...old, ...change })),
    forget: () => setDraft(fresh()),
  };
}

function restore(key: string): PushDraft {
  try {
    return { ...fresh(), ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<PushDraft>) };
  } catch {
    return fresh();
  }
}
