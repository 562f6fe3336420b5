import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";

import type { ResultSource } from "./source";

/** What a run left. */
export function runSource(runId: string): ResultSource {
  const address = `/api/v1/runs/${runId}`;
  const params = (path: string) => ({ path: { run_id: runId, path } });
  return {
    key: ["results", "run", runId],
    fileUrl: (path) => `${address}/outputs/${encodePath(path)}`,
    previewUrl: (path, side) => `${address}/previews/${encodePath(path)}?side=${side}`,
    readTable: (path, { sort, descending, filters, offset, limit }, signal) =>
      unwrap(
        api.GET("/api/v1/runs/{run_id}/tables/{path}", {
          params: { ...params(path), query: { sort: sort ?? undefined, desc: descending, filter: JSON.stringify(filters), offset, limit } },
          signal,
        }),
      ),
    describeTable: (path, signal) => unwrap(api.GET("/api/v1/runs/{run_id}/statistics/{path}", { params: params(path), signal })),
  };
}

export function runArchiveUrl(runId: string, format: "zip" | "tar"): string {
  return `/api/v1/runs/${runId}/archive?format=${format}`;
}

/** The files that a run left, by path. */
export const outputsQuery = (runId: string) =>
  infiniteQueryOptions({
    queryKey: ["results", "run", runId, "outputs"],
    queryFn: ({ pageParam, signal }) => unwrap(api.GET("/api/v1/runs/{run_id}/outputs", { params: { path: { run_id: runId }, query: { cursor: pageParam, limit: 200 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
