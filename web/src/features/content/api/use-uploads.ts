import { useCallback, useEffect, useRef, useState } from "react";

import type { Problem } from "@/client/problem";

import type { PickedFile } from "./picked-files";
import { startTransfer, type Transfer, uploadExists } from "./upload";

/** One of many files on their way; `path` is where it goes. */
export type UploadItem = { path: string; size: number; modified: number; sent: number; uploadId: string | null; problem: Problem | null };
export type UploadsHandle = { items: UploadItem[]; add: (files: PickedFile[]) => void; remove: (path: string) => void; clear: () => void };

const AT_ONCE = 3;

/**
 * Sends many files, a few at a time. A file of the same path takes the place of the one before. What arrived is kept over a
 * reload under `storageKey`, and is not sent again when it is chosen again.
 */
export function useUploads(storageKey: string): UploadsHandle {
  const [items, setItems] = useKept(storageKey);
  const waiting = useRef<PickedFile[]>([]);
  const running = useRef(new Map<string, Transfer>());

  const change = useCallback((path: string, part: Partial<UploadItem>) => setItems((old) => old.map((item) => (item.path === path ? { ...item, ...part } : item))), [setItems]);
  const next = useCallback(
    function start() {
      while (running.current.size < AT_ONCE) {
        const one = waiting.current.shift();
        if (!one) return;
        const { path, file } = one;
        const settle = (part: Partial<UploadItem>) => {
          running.current.delete(path);
          change(path, part);
          start();
        };
        const transfer = startTransfer(file, {
          onProgress: (sent) => change(path, { sent }),
          onDone: (uploadId) => settle({ uploadId, sent: file.size }),
          onFailure: (error) => settle({ problem: error.problem }),
        });
        running.current.set(path, transfer);
      }
    },
    [change],
  );
  const drop = useCallback((path: string) => {
    waiting.current = waiting.current.filter((one) => one.path !== path);
    running.current.get(path)?.stop();
    running.current.delete(path);
  }, []);
  const add = useCallback(
    (picked: PickedFile[]) => {
      const arrived = new Set(items.filter(({ uploadId }) => uploadId).map(fingerprint));
      const added = picked.filter(({ path, file }) => !arrived.has(fingerprint({ path, size: file.size, modified: file.lastModified })));
      for (const { path } of added) drop(path);
      waiting.current.push(...added);
      const names = new Set(added.map(({ path }) => path));
      setItems((old) => [...old.filter(({ path }) => !names.has(path)), ...added.map(({ path, file }) => ({ path, size: file.size, modified: file.lastModified, sent: 0, uploadId: null, problem: null }))]);
      next();
    },
    [items, drop, next, setItems],
  );
  const remove = useCallback(
    (path: string) => {
      drop(path);
      setItems((old) => old.filter((item) => item.path !== path));
      next();
    },
    [drop, next, setItems],
  );
  const clear = useCallback(() => {
    waiting.current = [];
    for (const transfer of running.current.values()) transfer.stop();
    running.current.clear();
    setItems([]);
  }, [setItems]);
  useEffect(() => {
    const transfers = running.current;
    return () => transfers.forEach((transfer) => transfer.stop());
  }, []);
  return { items, add, remove, clear };
}

function fingerprint({ path, size, modified }: Pick<UploadItem, "path" | "size" | "modified">): string {
  return `${size} ${modified} ${path}`;
}

/** The items as state; those that arrived are written down when the page is left, and found again when it comes back. */
function useKept(storageKey: string) {
  const [items, setItems] = useState<UploadItem[]>(() => restore(storageKey));
  const latest = useRef(items);
  useEffect(() => {
    latest.current = items;
  }, [items]);
  useEffect(() => {
    const [first] = latest.current;
    // They came together, so they expire together.
    if (first?.uploadId) void uploadExists(first.uploadId).then((exists) => !exists && setItems([]), () => undefined);
    const keep = () => store(storageKey, latest.current);
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      keep();
    };
  }, [storageKey]);
  return [items, setItems] as const;
}

function restore(key: string): UploadItem[] {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]") as UploadItem[];
  } catch {
    return []; // What cannot be read is as if it had never been there.
  }
}

function store(key: string, items: UploadItem[]): void {
  const arrived = items.filter(({ uploadId }) => uploadId);
  try {
    if (arrived.length) sessionStorage.setItem(key, JSON.stringify(arrived));
    else sessionStorage.removeItem(key);
  } catch {
    // There is no room for so many: they are sent again after a reload.
  }
}
