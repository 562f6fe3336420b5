import { useQueries } from "@tanstack/react-query";

import type { Address, DataItem } from "@/client/types";

import { CHUNK, chunkQuery, type ItemFilter } from "../api/items";

/** The items from `first` to before `end` as far as they are here, by their place among those that the filter keeps. */
export function useItems(address: Address, number: number, filter: ItemFilter, first: number, end: number) {
  const chunks = chunksOf(first, end);
  const queries = useQueries({ queries: chunks.map((chunk) => chunkQuery(address, number, filter, chunk)) });
  const items = new Map<number, DataItem>();
  queries.forEach(({ data }) => data?.items.forEach((item, index) => items.set(data.start + index, item)));
  return { items, error: queries.find(({ error }) => error)?.error ?? null };
}

function chunksOf(first: number, end: number): number[] {
  if (end <= first) return [];
  const start = Math.floor(first / CHUNK);
  return Array.from({ length: Math.floor((end - 1) / CHUNK) - start + 1 }, (_, index) => start + index);
}
