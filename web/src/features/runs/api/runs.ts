import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull } from "@/client/api";
import type { RunState, RunSummary } from "@/client/types";

/** `repository` is `owner/name`; `everybody` is for administrators. */
export type RunFilter = { state?: RunState; repository?: string; everybody?: boolean };

export const ENDED: ReadonlySet<RunState> = new Set<RunState>(["succeeded", "failed", "cancelled"]);
export const isUnderWay = ({ state }: Pick<RunSummary, "state">) => !ENDED.has(state);

const LIVE_MS = 2000;
/** Where nothing is under way, a run asked for elsewhere is seen after a while. */
const QUIET_MS = 20_000;
const PAGE = 30;

/** Runs, the newest first; asked again while something is under way. */
export const runsQuery = (filter: RunFilter, limit = PAGE) =>
  infiniteQueryOptions({
    queryKey: ["runs", "list", filter, limit],
    queryFn: ({ pageParam: cursor, signal }) => unwrap(listRuns(filter, { cursor, limit }, signal)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.items.some(isUnderWay)) ? LIVE_MS : QUIET_MS),
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

export const outputsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["runs", id, "outputs"],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/v1/runs/{run_id}/outputs", { params: { path: { run_id: id }, query: { cursor: pageParam, limit: 100 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const cancelRun = (id: string) => unwrap(api.POST("/api/v1/runs/{run_id}/cancel", { params: { path: { run_id: id } } }));

export const deleteRun = (id: string) => unwrap(api.DELETE("/api/v1/runs/{run_id}", { params: { path: { run_id: id } } }));

/** The places where runs go. */
export const runnersQuery = queryOptions({
  queryKey: ["runs", "runners"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/runners", { signal })),
  refetchInterval: 5000,
});

/** Where a file that the run left is. */
export function outputUrl(id: string, path: string): string {
  return `/api/v1/runs/${id}/outputs/${path.split("/").map(encodeURIComponent).join("/")}`;
}

export function logUrl(id: string): string {
  return `/api/v1/runs/${id}/log`;
}

export function eventsUrl(id: string): string {
  return `/api/v1/runs/${id}/events`;
}
