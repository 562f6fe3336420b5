import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import { ProblemError, problemOfResponse } from "@/client/problem";
import type { Address, Repository, Sort, Visibility } from "@/client/types";

export type RepositoryFilter = { q?: string; kind?: Repository["kind"]; owner?: string; visibility?: Visibility };

export type SearchFilter = { q?: string; kind?: Repository["kind"]; owner?: string; visibility?: Visibility; tag?: string[]; data_type?: string[] };

/** What is found, best first. */
export const searchQuery = (filter: SearchFilter, sort?: Sort, limit = 24) =>
  infiniteQueryOptions({
    queryKey: ["repos", "search", filter, sort, limit],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/v1/search", { params: { query: { ...filter, sort, cursor: pageParam, limit } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** How what is found is spread over kinds, tags, owners. */
export const facetsQuery = (filter: SearchFilter) =>
  queryOptions({
    queryKey: ["repos", "facets", filter],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/search/facets", { params: { query: filter }, signal })),
  });

export const starredQuery = queryOptions({
  queryKey: ["repos", "starred"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/stars", { params: { query: { limit: 8 } }, signal })),
});

export const setStar = (address: Address, starred: boolean) =>
  unwrap((starred ? api.PUT : api.DELETE)("/api/v1/repos/{owner}/{name}/star", { params: { path: address } }));

export const repositoriesQuery = (filter: RepositoryFilter) =>
  infiniteQueryOptions({
    queryKey: ["repos", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/v1/repos", { params: { query: { ...filter, cursor: pageParam, limit: 30 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const repositoryQuery = (address: Address) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/repos/{owner}/{name}", { params: { path: address }, signal })),
  });

export type RepositoryInput = {
  owner: string;
  name: string;
  kind: Repository["kind"];
  visibility: Visibility;
  title?: string;
  description?: string;
  tags?: string[];
};

/** Copies files and history into a new repository, at `copy`. */
export const forkRepository = (address: Address, copy: Address) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/fork", { params: { path: address }, body: { ...copy, visibility: "private" } }));

export const createRepository = (body: RepositoryInput) => unwrap(api.POST("/api/v1/repos", { body }));

export type RepositoryChange = Partial<Omit<RepositoryInput, "owner" | "kind">>;

export const changeRepository = (address: Address, body: RepositoryChange) =>
  unwrap(api.PATCH("/api/v1/repos/{owner}/{name}", { params: { path: address }, body }));

export const deleteRepository = (address: Address) =>
  unwrap(api.DELETE("/api/v1/repos/{owner}/{name}", { params: { path: address } }));

export const filesQuery = (address: Address, revision: string | undefined, path: string) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "files", revision, path],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/files", {
          params: { path: address, query: { revision, path: path || undefined } },
          signal,
        }),
      ),
  });

export const commitsQuery = (address: Address, revision: string | undefined) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "commits", revision],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/commits", { params: { path: address, query: { revision, limit: 30 } }, signal }),
      ),
  });

/** What differs between two revisions, file by file. */
export const comparisonQuery = (address: Address, base: string, head: string) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "compare", base, head],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/repos/{owner}/{name}/compare", { params: { path: address, query: { base, head } }, signal })),
  });

/** The address of a file's bytes. */
export function rawUrl({ owner, name }: Address, revision: string | undefined, path: string): string {
  const query = new URLSearchParams({ path, ...(revision ? { revision } : {}) });
  return `/api/v1/repos/${owner}/${name}/raw?${query.toString()}`;
}

export const setPicture = (address: Address, upload: string) =>
  unwrap(api.PUT("/api/v1/repos/{owner}/{name}/picture", { params: { path: address }, body: { upload } }));

export const removePicture = (address: Address) =>
  unwrap(api.DELETE("/api/v1/repos/{owner}/{name}/picture", { params: { path: address } }));

/** A file as bytes. */
export const blobQuery = (address: Address, revision: string | undefined, path: string) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "blob", revision, path],
    queryFn: async ({ signal }) => {
      const response = await fetch(rawUrl(address, revision, path), { signal });
      if (!response.ok) throw new ProblemError(problemOfResponse(response.status, await response.text()));
      return response.blob();
    },
  });

/** A file as text. */
export const textQuery = (address: Address, revision: string | undefined, path: string) =>
  queryOptions({
    queryKey: ["repos", address.owner, address.name, "text", revision, path],
    queryFn: async ({ signal }) => {
      const response = await fetch(rawUrl(address, revision, path), { signal });
      const text = await response.text();
      if (!response.ok) throw new ProblemError(problemOfResponse(response.status, text));
      return text;
    },
  });
