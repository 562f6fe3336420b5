import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull } from "@/client/api";
import type { ExperimentChange, Promotion } from "@/client/types";
import { patience } from "@/lib/run-state";

const params = (id: string) => ({ path: { experiment_id: id } });

/** One's own experiments, the newest first. */
export const experimentsQuery = (limit = 50) =>
  infiniteQueryOptions({
    queryKey: ["experiments", "list", limit],
    queryFn: ({ pageParam, signal }) => unwrap(api.GET("/api/v1/experiments", { params: { query: { cursor: pageParam, limit } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** One experiment; null where there is none that the person may see. */
export const experimentQuery = (id: string) =>
  queryOptions({
    queryKey: ["experiments", id],
    queryFn: ({ signal }) => unwrapOrNull(api.GET("/api/v1/experiments/{experiment_id}", { params: params(id), signal })),
  });

/** Its runs beside each other; asked again while one of them is under way. */
export const comparedQuery = (id: string) =>
  queryOptions({
    queryKey: ["experiments", id, "table"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments/{experiment_id}/table", { params: params(id), signal })),
    refetchInterval: ({ state }) => patience(state.data?.rows.map(({ run }) => run) ?? []),
  });

/** One metric of every run over its steps, asked again after `every` milliseconds. */
export const curvesQuery = (id: string, metric: string, every: number) =>
  queryOptions({
    queryKey: ["experiments", id, "curves", metric],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments/{experiment_id}/curves", { params: { ...params(id), query: { metric } }, signal })),
    refetchInterval: every,
  });

export const createExperiment = (body: { name: string; description: string }) => unwrap(api.POST("/api/v1/experiments", { body }));

export const changeExperiment = (id: string, body: ExperimentChange) => unwrap(api.PATCH("/api/v1/experiments/{experiment_id}", { params: params(id), body }));

export const deleteExperiment = (id: string) => unwrap(api.DELETE("/api/v1/experiments/{experiment_id}", { params: params(id) }));

const ofRun = (id: string, runId: string) => ({ path: { experiment_id: id, run_id: runId } });

export const putRun = (id: string, runId: string) => unwrap(api.PUT("/api/v1/experiments/{experiment_id}/runs/{run_id}", { params: ofRun(id, runId) }));

export const takeRun = (id: string, runId: string) => unwrap(api.DELETE("/api/v1/experiments/{experiment_id}/runs/{run_id}", { params: ofRun(id, runId) }));

/** Makes what a run left the next version of a model. The same `key` makes only one, however often it is sent. */
export const promoteOutput = (id: string, body: Promotion, key: string) =>
  unwrap(api.POST("/api/v1/experiments/{experiment_id}/promotions", { params: params(id), headers: { "Idempotency-Key": key }, body }));
