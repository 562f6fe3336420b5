import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { problemOf } from "@/client/problem";
import type { TablePage, TableStatistics } from "@/client/types";
import { decodeText, fetchBytes } from "@/lib/byte-range";

export type TableFilter = { column: string; op: Operator; value: string | null };

export type Operator = "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "contains" | "missing" | "present";

/** What table rows are wanted. `sort` null: as in the file. */
export type TableQuery = { sort: string | null; descending: boolean; filters: TableFilter[]; offset: number; limit: number };

/** Files that can be looked into: what a run left, or a version of a dataset. */
export type ResultSource = {
  /** Names the source in the memory of answers. */
  key: readonly string[];
  fileUrl: (path: string) => string;
  previewUrl: (path: string, side: PreviewSide) => string;
  readTable: (path: string, query: TableQuery, signal: AbortSignal) => Promise<TablePage>;
  describeTable: (path: string, signal: AbortSignal) => Promise<TableStatistics>;
};

export type PreviewSide = "256" | "1600";

/** A file of a source; `view`: how it is best looked at. */
export type ResultFile = { path: string; size: number; digest: string; view: string };

/** How often it is asked again, once a second, while the server still reads a large table. */
const PATIENCE = 900;

const untilRead = {
  retry: (failures: number, error: Error) => isStillReading(error) && failures < PATIENCE,
  retryDelay: 1000,
  staleTime: Infinity,
};

export function isStillReading(error: unknown): boolean {
  return error !== null && problemOf(error).code === "still_reading";
}

export const tableQuery = (source: ResultSource, path: string, query: TableQuery) =>
  queryOptions({
    queryKey: [...source.key, "table", path, query],
    queryFn: ({ signal }) => source.readTable(path, query, signal),
    ...untilRead,
  });

export const statisticsQuery = (source: ResultSource, path: string) =>
  queryOptions({
    queryKey: [...source.key, "statistics", path],
    queryFn: ({ signal }) => source.describeTable(path, signal),
    ...untilRead,
  });

/** So many bytes of a text are shown at a time. */
export const TEXT_PART = 128 * 1024;

export type TextPart = { text: string; start: number; end: number };

/** A text from its beginning on, part after part. */
export const textQuery = (source: ResultSource, file: ResultFile) =>
  infiniteQueryOptions({
    queryKey: [...source.key, "text", file.path],
    queryFn: ({ pageParam, signal }) => readText(source.fileUrl(file.path), pageParam, Math.min(pageParam + TEXT_PART, file.size), signal),
    initialPageParam: 0,
    getNextPageParam: (part: TextPart) => (part.end < file.size ? part.end : undefined),
    staleTime: Infinity,
  });

/** A text's last part. */
export const textEndQuery = (source: ResultSource, file: ResultFile) =>
  queryOptions({
    queryKey: [...source.key, "end", file.path],
    queryFn: ({ signal }) => readText(source.fileUrl(file.path), Math.max(0, file.size - TEXT_PART), file.size, signal),
    staleTime: Infinity,
  });

/** A whole text, for files that are not large. */
export const wholeTextQuery = (source: ResultSource, file: ResultFile) =>
  queryOptions({
    queryKey: [...source.key, "whole", file.path],
    queryFn: async ({ signal }) => (await readText(source.fileUrl(file.path), 0, file.size, signal)).text,
    staleTime: Infinity,
  });

async function readText(url: string, start: number, end: number, signal: AbortSignal): Promise<TextPart> {
  const bytes = await fetchBytes(url, start, end, signal);
  const { text, used } = decodeText(bytes, bytes.length < TEXT_PART);
  return { text, start, end: start + used };
}
