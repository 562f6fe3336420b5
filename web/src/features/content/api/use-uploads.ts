import { useCallback, useEffect, useRef, useState } from "react";

import type { Problem } from "@/client/problem";

import type { PickedFile } from "./picked-files";
import { startTransfer, type Transfer } from "./upload";

/** One of many files on their way; `path` is where it goes. */
export type UploadItem = { path: string; size: number; sent: number; uploadId: string | null; problem: Problem | null };
export type UploadsHandle = { items: UploadItem[]; add: (files: PickedFile[]) => void; remove: (path: string) => void; clear: () => void };

const AT_ONCE = 3;

/** Sends many files, a few at a time. A file of the same path takes the place of the one before. */
export function useUploads(): UploadsHandle {
  const [items, setItems] = useState<UploadItem[]>([]);
  const waiting = useRef<PickedFile[]>([]);
  const running = useRef(new Map<string, Transfer>());

  const change = useCallback((path: string, part: Partial<UploadItem>) => setItems((old) => old.map((item) => (item.path === path ? { ...item, ...part } : item))), []);
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
    (added: PickedFile[]) => {
      for (const { path } of added) drop(path);
      waiting.current.push(...added);
      const names = new Set(added.map(({ path }) => path));
      setItems((old) => [...old.filter(({ path }) => !names.has(path)), ...added.map(({ path, file }) => ({ path, size: file.size, sent: 0, uploadId: null, problem: null }))]);
      next();
    },
    [drop, next],
  );
  const remove = useCallback(
    (path: string) => {
      drop(path);
      setItems((old) => old.filter((item) => item.path !== path));
      next();
    },
    [drop, next],
  );
  const clear = useCallback(() => {
    waiting.current = [];
    for (const transfer of running.current.values()) transfer.stop();
    running.current.clear();
    setItems([]);
  }, []);
  useEffect(() => {
    const transfers = running.current;
    return () => transfers.forEach((transfer) => transfer.stop());
  }, []);
  return { items, add, remove, clear };
}
