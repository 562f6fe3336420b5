import { useCallback, useEffect, useRef, useState } from "react";

import type { Problem } from "@/client/problem";
import { addSample, type Pace, paceOf, type Sample } from "@/lib/rate";

import { startTransfer, type Transfer, uploadExists } from "./upload";

/**
 * A file on its way to the server. `interrupted`: the page was left while it was under way; choosing the same file
 * again goes on from where it was. `problem` is what the server refused.
 */
export type UploadState =
  | { phase: "empty" }
  | { phase: "sending"; fileName: string; size: number; sent: number; pace: Pace }
  | { phase: "done"; fileName: string; size: number; uploadId: string }
  | { phase: "interrupted"; fileName: string; size: number; sent: number }
  | { phase: "failed"; fileName: string; size: number; problem: Problem };

export type UploadHandle = { state: UploadState; choose: (file: File) => void; clear: () => void };

/** Keeps what was uploaded over a reload under `storageKey`. */
export function useUpload(storageKey: string): UploadHandle {
  const [state, setState] = useState<UploadState>(() => restore(storageKey));
  const transfer = useRef<Transfer | null>(null);

  useEffect(() => store(storageKey, state), [storageKey, state]);
  useEffect(() => () => transfer.current?.stop(), []);
  useEffect(() => {
    if (state.phase !== "done") return;
    void uploadExists(state.uploadId).then((exists) => !exists && setState({ phase: "empty" }), () => undefined);
    // Once is enough: a finished upload is checked when the page opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const clear = useCallback(() => {
    transfer.current?.stop();
    setState({ phase: "empty" });
  }, []);

  const choose = useCallback((file: File) => {
    transfer.current?.stop();
    transfer.current = send(file, setState);
  }, []);

  return { state, choose, clear };
}

function send(file: File, setState: (state: UploadState) => void): Transfer {
  const { name: fileName, size } = file;
  let samples: Sample[] = [];
  setState({ phase: "sending", fileName, size, sent: 0, pace: paceOf([], size) });
  return startTransfer(file, {
    onProgress: (sent) => {
      samples = addSample(samples, { at: performance.now(), bytes: sent });
      setState({ phase: "sending", fileName, size, sent, pace: paceOf(samples, size) });
    },
    onDone: (uploadId) => setState({ phase: "done", fileName, size, uploadId }),
    onFailure: (error) => setState({ phase: "failed", fileName, size, problem: error.problem }),
  });
}

function restore(key: string): UploadState {
  try {
    const stored = JSON.parse(sessionStorage.getItem(key) ?? "null") as UploadState | null;
    if (stored?.phase === "done" || stored?.phase === "interrupted") return stored;
  } catch {
    // What cannot be read is as if it had never been there.
  }
  return { phase: "empty" };
}

function store(key: string, state: UploadState): void {
  const kept =
    state.phase === "sending" ? { phase: "interrupted", fileName: state.fileName, size: state.size, sent: state.sent } : state;
  if (kept.phase === "empty") sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, JSON.stringify(kept));
}
