import { queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull, unwrapText } from "@/client/api";
import type { Address, Deployment } from "@/client/types";

const isMoving = (deployment: Deployment | null | undefined) =>
  deployment?.running.some((replica) => replica.state === "starting") ?? false;

/** How a repository is served; null where it was never deployed. Asked again while something starts or stops. */
export const deploymentQuery = (address: Address) =>
  queryOptions({
    queryKey: ["deployments", address.owner, address.name],
    queryFn: ({ signal }) =>
      unwrapOrNull(api.GET("/api/v1/repos/{owner}/{name}/deployment", { params: { path: address }, signal })),
    refetchInterval: ({ state }) => (isMoving(state.data) ? 1500 : 15_000),
  });

export const deploymentsQuery = (owner: string) =>
  queryOptions({
    queryKey: ["deployments", "of", owner],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/deployments", { params: { query: { owner, limit: 100 } }, signal })),
  });

export const historyQuery = (address: Address) =>
  queryOptions({
    queryKey: ["deployments", address.owner, address.name, "history"],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/deployment/history", { params: { path: address, query: { limit: 50 } }, signal }),
      ),
  });

export type DeploymentChange = Partial<Pick<Deployment, "replicas" | "workers" | "keep_warm" | "idle_stop_seconds" | "callers">>;

export const deploy = (address: Address, version?: number) =>
  unwrap(api.PUT("/api/v1/repos/{owner}/{name}/deployment", { params: { path: address }, body: { version, alias: "production" } }));

export const changeDeployment = (address: Address, body: DeploymentChange) =>
  unwrap(api.PATCH("/api/v1/repos/{owner}/{name}/deployment", { params: { path: address }, body }));

export const stopDeployment = (address: Address) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/deployment/stop", { params: { path: address } }));

export const setAlias = (address: Address, alias: string, version: number) =>
  unwrap(
    api.PUT("/api/v1/repos/{owner}/{name}/deployment/aliases/{alias}", {
      params: { path: { ...address, alias } },
      body: { version },
    }),
  );

export const deleteAlias = (address: Address, alias: string) =>
  unwrap(
    api.DELETE("/api/v1/repos/{owner}/{name}/deployment/aliases/{alias}", { params: { path: { ...address, alias } } }),
  );

export const rollBack = (address: Address, alias: string) =>
  unwrap(
    api.POST("/api/v1/repos/{owner}/{name}/deployment/aliases/{alias}/rollback", {
      params: { path: { ...address, alias } },
    }),
  );

export const logQuery = (address: Address) =>
  queryOptions({
    queryKey: ["deployments", address.owner, address.name, "log"],
    queryFn: ({ signal }) =>
      unwrapText(
        api.GET("/api/v1/repos/{owner}/{name}/deployment/log", { params: { path: address }, parseAs: "text", signal }),
      ),
  });
