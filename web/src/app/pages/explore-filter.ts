import type { Repository, Visibility } from "@/client/types";

/** What Explore is narrowed to; it lives in the address. */
export type ExploreFilter = { q?: string; kind?: Repository["kind"]; owner?: string; visibility?: Visibility };

export const KINDS = ["model", "dataset", "operation"] as const;
export const VISIBILITIES = ["public", "internal", "private"] as const;

export function readFilter(search: Record<string, unknown>): ExploreFilter {
  const text = (key: string) => (typeof search[key] === "string" && search[key] ? search[key] : undefined);
  return {
    q: text("q"),
    kind: KINDS.find((kind) => kind === search.kind),
    owner: text("owner"),
    visibility: VISIBILITIES.find((visibility) => visibility === search.visibility),
  };
}
