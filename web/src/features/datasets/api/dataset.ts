import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import type { Address } from "@/client/types";

/** How many files and bytes a version holds, and its archives. */
export const contentsQuery = (address: Address, number: number) =>
  queryOptions({
    queryKey: ["datasets", address.owner, address.name, number, "contents"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/contents", { params: { path: { ...address, number } }, signal })),
    staleTime: Infinity,
  });

/** A version's files by path; `q` is looked for in the paths. */
export const datasetFilesQuery = (address: Address, number: number, q: string) =>
  infiniteQueryOptions({
    queryKey: ["datasets", address.owner, address.name, number, "files", q],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/files", {
          params: { path: { ...address, number }, query: { q: q || undefined, cursor: pageParam, limit: 50 } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** One file by its path; null where there is none. */
export const datasetFileQuery = (address: Address, number: number, path: string) =>
  queryOptions({
    queryKey: ["datasets", address.owner, address.name, number, "file", path],
    queryFn: async ({ signal }) => {
      const query = { prefix: path, limit: 1 };
      const page = await unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/files", { params: { path: { ...address, number }, query }, signal }));
      return page.items.find((file) => file.path === path) ?? null;
    },
    staleTime: Infinity,
  });

/** Where a file's bytes are. */
export function datasetFileUrl({ owner, name }: Address, number: number, path: string): string {
  return `/api/v1/repos/${owner}/${name}/versions/${number}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
}
