import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import type { Address, NewCommit } from "@/client/types";

const PAGE = 50;

/** The branches, `main` first. */
export const branchesQuery = (address: Address) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "branches"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/repos/{owner}/{name}/branches", { params: { path: address }, signal })),
  });

export const tagsQuery = (address: Address) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "tags"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/repos/{owner}/{name}/tags", { params: { path: address }, signal })),
  });

/** The history of a revision, or what it has `beyond` another one, page by page; it stays what it was when the first page was read. */
export const historyQuery = (address: Address, revision: string | undefined, beyond?: string) =>
  infiniteQueryOptions({
    queryKey: ["repos", address.owner, address.name, "history", revision, beyond],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/commits", {
          params: { path: address, query: { revision: pageParam.from ?? revision, beyond, skip: pageParam.skip, limit: PAGE } },
          signal,
        }),
      ),
    initialPageParam: { from: undefined as string | undefined, skip: 0 },
    getNextPageParam: (page, pages) => (page.length < PAGE ? undefined : { from: pages[0]?.[0]?.id, skip: pages.length * PAGE }),
  });

/** A commit and what it changed. */
export const commitQuery = (address: Address, revision: string) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "commit", revision],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/repos/{owner}/{name}/commits/{revision}", { params: { path: { ...address, revision } }, signal })),
  });

export const createCommit = (address: Address, body: NewCommit) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/commits", { params: { path: address }, body }));

export const createBranch = (address: Address, name: string, revision: string) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/branches", { params: { path: address }, body: { name, revision } }));

export const deleteBranch = (address: Address, branch: string) =>
  unwrap(api.DELETE("/api/v1/repos/{owner}/{name}/branches/{branch}", { params: { path: { ...address, branch } } }));
