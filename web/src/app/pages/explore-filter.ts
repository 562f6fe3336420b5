import type { Repository, Sort, Visibility } from "@/client/types";

/** What Explore is narrowed to, and what comes first; it lives in the address. */
export type ExploreFilter = { q?: string; kind?: Repository["kind"]; owner?: string; visibility?: Visibility; tag?: string[]; data_type?: string[]; sort?: Sort };

export const KINDS = ["model", "dataset", "operation"] as const;
export const VISIBILITIES = ["public", "internal", "private"] as const;
export const SORTS = ["relevance", "recent", "stars", "downloads", "rating"] as const;

export function readFilter(search: Record<string, unknown>): ExploreFilter {
  const text = (key: string) => (typeof search[key] === "string" && search[key] ? search[key] : undefined);
  return {
    q: text("q"),
    kind: KINDS.find((kind) => kind === search.kind),
    owner: text("owner"),
    visibility: VISIBILITIES.find((visibility) => visibility === search.visibility),
    tag: texts(search.tag),
    data_type: texts(search.data_type),
    sort: SORTS.find((sort) => sort === search.sort),
  };
}

function texts(value: unknown): string[] | undefined {
  const list = (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === "string" && item !== "").slice(0, 10);
  return list.length ? list : undefined;
}
