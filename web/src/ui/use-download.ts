import { useCallback, useEffect, useRef, useState } from "react";

import { addSample, type Pace, paceOf, type Sample } from "@/lib/rate";
import { canKeepPieces, download, forget, keptBytes, type Plan, planDownload } from "@/lib/resumable-download";

export type DownloadState =
  | { phase: "idle" }
  | { phase: "preparing" }
  | { phase: "receiving"; plan: Plan; received: number; pace: Pace }
  | { phase: "stopped"; plan: Plan; received: number }
  | { phase: "failed"; error: unknown; received: number }
  | { phase: "done"; plan: Plan };

export type DownloadHandle = { state: DownloadState; start: () => void; stop: () => void };

/** A download with honest progress that goes on where it was stopped or cut off, also after a reload. */
export function useDownload(url: string): DownloadHandle {
  const [state, setState] = useState<DownloadState>({ phase: "idle" });
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const start = useCallback(() => {
    if (!canKeepPieces()) return followLink(url);
    abort.current?.abort();
    const controller = (abort.current = new AbortController());
    void run(url, setState, controller.signal);
  }, [url]);
  const stop = useCallback(() => abort.current?.abort(), []);
  return { state, start, stop };
}

async function run(url: string, setState: (state: DownloadState) => void, signal: AbortSignal): Promise<void> {
  let plan: Plan | null = null;
  let received = 0;
  let samples: Sample[] = [];
  setState({ phase: "preparing" });
  try {
    plan = await planDownload(url, signal);
    const { size } = plan;
    if (!(await hasRoom(plan))) return followLink(url, () => setState({ phase: "idle" }));
    const known = plan;
    const whole = await download(
      plan,
      (bytes) => {
        received = bytes;
        samples = addSample(samples, { at: performance.now(), bytes });
        setState({ phase: "receiving", plan: known, received, pace: paceOf(samples, size) });
      },
      signal,
    );
    save(whole, plan);
    setState({ phase: "done", plan });
  } catch (error) {
    if (!signal.aborted) setState({ phase: "failed", error, received });
    else setState(plan ? { phase: "stopped", plan, received } : { phase: "idle" });
  }
}

/** The pieces and the copy in the downloads folder lie beside each other for a moment. */
async function hasRoom(plan: Plan): Promise<boolean> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage > plan.size - (await keptBytes(plan));
}

/** Hands the whole to the browser's downloads; the pieces are freed once it has surely read them. */
function save(whole: Blob, plan: Plan): void {
  const address = URL.createObjectURL(whole);
  click(address, plan.fileName);
  setTimeout(() => {
    URL.revokeObjectURL(address);
    void forget(plan);
  }, 120_000);
}

/** The browser's own download; it resumes too, but only its own window shows how far it is. */
function followLink(url: string, then?: () => void): void {
  click(url, "");
  then?.();
}

function click(href: string, fileName: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = fileName;
  link.click();
}
