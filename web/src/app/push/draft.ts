import { useEffect, useState } from "react";

import type { Visibility } from "@/client/types";

/** How it comes: its parts with code, the file of a trained model alone, one script, a zip of a folder, or an image elsewhere. */
export type PushSource = "parts" | "model" | "script" | "archive" | "image";

/** What was typed in a push form. Kept until the push is accepted, over reloads and wrong turns. */
export type PushDraft = {
  /** Whose the new repository is to be; empty for one's own. */
  owner: string;
  name: string;
  title: string;
  description: string;
  visibility: Visibility;
  message: string;
  source: PushSource;
  /** The name of an image in another registry. */
  image: string;
  /** Names this push to the server, so that sending it twice makes one version. */
  key: string;
  /** The repository was made by an earlier try of this very form. */
  made: boolean;
};

const fresh = (): PushDraft => ({ owner: "", name: "", title: "", description: "", visibility: "private", message: "", source: "parts", image: "", key: crypto.randomUUID(), made: false });

export type DraftHandle = {
  draft: PushDraft;
  change: (change: Partial<PushDraft>) => void;
  /** Forgets it: the push was accepted. */
  forget: () => void;
};

export function usePushDraft(storageKey: string, source: PushSource = "parts"): DraftHandle {
  const [draft, setDraft] = useState<PushDraft>(() => restore(storageKey, source));
  useEffect(() => sessionStorage.setItem(storageKey, JSON.stringify(draft)), [storageKey, draft]);
  return {
    draft,
    change: (change) => setDraft((old) => ({ ...old, ...change })),
    forget: () => setDraft({ ...fresh(), source }),
  };
}

function restore(key: string, source: PushSource): PushDraft {
  try {
    return { ...fresh(), source, ...(JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<PushDraft>) };
  } catch {
    return { ...fresh(), source };
  }
}
