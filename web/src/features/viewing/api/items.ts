import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import { ProblemError, problemOf } from "@/client/problem";
import type { Address, ItemChangeKind } from "@/client/types";

/** Which items are shown; what is undefined does not matter. */
export type ItemFilter = { split?: string; label?: string; text?: string; unlabelled?: boolean; errors?: boolean };

/** So many items are asked for at a time; their small pictures come on one sheet. */
export const CHUNK = 100;
/** Squares of a sheet stand side by side in rows of ten. */
export const SHEET_COLUMNS = 10;

/** How often it is asked again, once a second, while the server prepares the index of a large version. */
const PATIENCE = 120;

const untilRead = {
  retry: (failures: number, error: Error) => isStillReading(error) && failures < PATIENCE,
  retryDelay: 1000,
  staleTime: Infinity,
};

export function isStillReading(error: unknown): boolean {
  return error instanceof ProblemError && problemOf(error).code === "still_reading";
}

const keyOf = ({ owner, name }: Address, number: number) => ["viewing", owner, name, number] as const;

/** What a version holds; null where it has no items. */
export const summaryQuery = (address: Address, number: number) =>
  queryOptions({
    queryKey: [...keyOf(address, number), "summary"],
    queryFn: async ({ signal }) => {
      try {
        return await unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/items/summary", { params: { path: { ...address, number } }, signal }));
      } catch (error) {
        if (error instanceof ProblemError && problemOf(error).code === "items_missing") return null;
        throw error;
      }
    },
    ...untilRead,
  });

/** One chunk of the items that the filter keeps. */
export const chunkQuery = (address: Address, number: number, filter: ItemFilter, chunk: number) =>
  queryOptions({
    queryKey: [...keyOf(address, number), "items", filter, chunk],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/items", {
          params: { path: { ...address, number }, query: { ...filter, from: chunk * CHUNK, limit: CHUNK } },
          signal,
        }),
      ),
    ...untilRead,
    gcTime: 60_000,
  });

/** Files that could not be read, with the reasons. */
export const badFilesQuery = (address: Address, number: number) =>
  infiniteQueryOptions({
    queryKey: [...keyOf(address, number), "bad"],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/items", { params: { path: { ...address, number }, query: { errors: true, from: pageParam, limit: CHUNK } }, signal })),
    initialPageParam: 0,
    getNextPageParam: ({ start, items, total }) => (start + items.length < total ? start + items.length : undefined),
    ...untilRead,
  });

/** How a version differs from an older one: counts, and the changes of a kind. */
export const changesQuery = (address: Address, base: number, head: number, kind?: ItemChangeKind) =>
  infiniteQueryOptions({
    queryKey: [...keyOf(address, head), "changes", base, kind],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/items/changes", {
          params: { path: { ...address, number: head }, query: { since: base, kind, from: pageParam, limit: CHUNK } },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: ({ start, items, total }) => (start + items.length < total ? start + items.length : undefined),
    placeholderData: keepPreviousData,
    ...untilRead,
  });

/** Where the sheet of a chunk's small pictures is. */
export function sheetUrl(address: Address, number: number, filter: ItemFilter, chunk: number, side: 96 | 192): string {
  const query = new URLSearchParams({ from: String(chunk * CHUNK), limit: String(CHUNK), side: String(side) });
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value));
  return `${baseUrl(address, number)}/sheet?${query}`;
}

export function itemUrl(address: Address, number: number, row: number): string {
  return `${baseUrl(address, number)}/${row}/content`;
}

export function pictureUrl(address: Address, number: number, row: number, side: 256 | 1600): string {
  return `${baseUrl(address, number)}/${row}/thumbnail?side=${side}`;
}

function baseUrl({ owner, name }: Address, number: number): string {
  return `/api/v1/repos/${owner}/${name}/versions/${number}/items`;
}
