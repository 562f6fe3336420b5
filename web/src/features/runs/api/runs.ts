import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull } from "@/client/api";
import type { RunState } from "@/client/types";
import { patience } from "@/lib/run-state";

/** `repository` is `owner/name`; `everybody` is for administrators. */
export type RunFilter = { state?: RunState; repository?: string; everybody?: boolean };

const PAGE = 30;

/** Runs, the newest first; asked again while something is under way. */
export const runsQuery = (filter: RunFilter, limit = PAGE) =>
  infiniteQueryOptions({
    queryKey: ["runs", "list", filter, limit],
    queryFn: ({ pageParam: cursor, signal }) => unwrap(listRuns(filter, { cursor, limit }, signal)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) => patience(state.data?.pages.flatMap((page) => page.items) ?? []),
  });

function listRuns({ state, repository, everybody }: RunFilter, paging: { cursor?: string; limit: number }, signal: AbortSignal) {
  const query = { ...paging, state: state && [state] };
  if (everybody) return api.GET("/api/v1/all-runs", { params: { query: { ...query, repository } }, signal });
  if (!repository) return api.GET("/api/v1/runs", { params: { query }, signal });
  const [owner = "", name = ""] = repository.split("/");
  return api.GET("/api/v1/repos/{owner}/{name}/runs", { params: { path: { owner, name }, query }, signal });
}

/** One run; null where there is none that the caller may see. */
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["runs", id],
    queryFn: ({ signal }) => unwrapOrNull(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
  });

export const cancelRun = (id: string) => unwrap(api.POST("/api/v1/runs/{run_id}/cancel", { params: { path: { run_id: id } } }));

export const deleteRun = (id: string) => unwrap(api.DELETE("/api/v1/runs/{run_id}", { params: { path: { run_id: id } } }));

/** The places where runs go. */
export const runnersQuery = queryOptions({
  queryKey: ["runs", "runners"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/runners", { signal })),
  refetchInterval: 5000,
});

export function logUrl(id: string): string {
  return `/api/v1/runs/${id}/log`;
}

export function eventsUrl(id: string): string {
  return `/api/v1/runs/${id}/events`;
}
