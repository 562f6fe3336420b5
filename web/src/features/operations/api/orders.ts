import { queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull } from "@/client/api";
import type { Address, NewRun } from "@/client/types";

/** What a version's runs are asked for with. */
export const formQuery = (address: Address, number: number) =>
  queryOptions({
    queryKey: ["operations", address.owner, address.name, number, "form"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/form", { params: { path: { ...address, number } }, signal })),
    staleTime: Infinity,
    retry: false,
  });

/** Asks for a run. The same `key` asks only once, however often it is sent. */
export const createRun = (address: Address, body: NewRun, key: string) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/runs", { params: { path: address }, headers: { "Idempotency-Key": key }, body }));

/** What an earlier run was asked for with; null where it is gone. */
export const orderQuery = (runId: string) =>
  queryOptions({
    queryKey: ["operations", "orders", runId],
    queryFn: ({ signal }) => unwrapOrNull(api.GET("/api/v1/runs/{run_id}/order", { params: { path: { run_id: runId } }, signal })),
    staleTime: Infinity,
  });

export const reproduceRun = (runId: string) => unwrap(api.POST("/api/v1/runs/{run_id}/reproduce", { params: { path: { run_id: runId } } }));

/** Which outputs are the same as those of the run that this one does again; only once it has ended. */
export const runComparisonQuery = (runId: string) =>
  queryOptions({
    queryKey: ["operations", "comparisons", runId],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/runs/{run_id}/comparison", { params: { path: { run_id: runId } }, signal })),
    staleTime: Infinity,
    retry: false,
  });
