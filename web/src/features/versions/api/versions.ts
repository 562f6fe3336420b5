import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull, unwrapText } from "@/client/api";
import type { Address, ImportInput, Version } from "@/client/types";

const isUnsettled = (version: Version) => version.state === "queued" || version.state === "building";

export const versionsQuery = (address: Address) =>
  infiniteQueryOptions({
    queryKey: ["versions", address.owner, address.name, "list"],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/versions", {
          params: { path: address, query: { cursor: pageParam, limit: 50 } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.items.some(isUnsettled)) ? 3000 : false),
  });

/** The next version of a dataset, from archives of images. */
export function importImages(address: Address, wanted: ImportInput): Promise<Version> {
  return unwrap(api.POST("/api/v1/repos/{owner}/{name}/imports", { params: { path: address }, body: wanted }));
}

/** Only the newest version, for lists of repositories. */
export const versionsHeadQuery = (address: Address) =>
  queryOptions({
    queryKey: ["versions", address.owner, address.name, "head"],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/versions", { params: { path: address, query: { limit: 1 } }, signal }),
      ),
    refetchInterval: ({ state }) => (state.data?.items.some(isUnsettled) ? 3000 : false),
  });

export const versionQuery = (address: Address, number: number) =>
  queryOptions({
    queryKey: ["versions", address.owner, address.name, number],
    queryFn: ({ signal }) =>
      unwrapOrNull(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}", { params: { path: { ...address, number } }, signal }),
      ),
  });

/** A version's card, with how much of it is filled in. */
export const cardQuery = (address: Address, number: number) =>
  queryOptions({
    queryKey: ["versions", address.owner, address.name, number, "card"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/card", { params: { path: { ...address, number } }, signal })),
  });

/** Whether its image was made elsewhere, of what nobody here knows. */
export const isMadeElsewhere = ({ operation }: Version) => operation?.origin === "image" || operation?.origin === "cog";

/** Every exact package of a version's image, as uv writes it. */
export const lockQuery = (address: Address, number: number) =>
  queryOptions({
    queryKey: ["versions", address.owner, address.name, number, "lock"],
    queryFn: ({ signal }) =>
      unwrapText(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/lock", {
          params: { path: { ...address, number } },
          parseAs: "text",
          signal,
        }),
      ),
    staleTime: Infinity,
  });

export type VersionInput = {
  parts?: { source?: string; artifact?: string; requirements?: string; config?: string };
  archive?: string;
  files?: { path: string; upload: string }[];
  keep?: boolean;
  /** The name of an image in another registry. */
  image?: string;
  message?: string;
};

/** Asks for the next version. The same `key` asks only once, however often it is sent. */
export const createVersion = (address: Address, body: VersionInput, key: string) =>
  unwrap(
    api.POST("/api/v1/repos/{owner}/{name}/versions", {
      params: { path: address },
      headers: { "Idempotency-Key": key },
      body,
    }),
  );

export const retryVersion = (address: Address, number: number) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/versions/{number}/retry", { params: { path: { ...address, number } } }));

export const deleteVersion = (address: Address, number: number) =>
  unwrap(api.DELETE("/api/v1/repos/{owner}/{name}/versions/{number}", { params: { path: { ...address, number } } }));

/** Offers a version of an operation to others, or takes it back. */
export const setPublished = (address: Address, number: number, published: boolean) =>
  unwrap(api.POST(published ? "/api/v1/repos/{owner}/{name}/versions/{number}/publish" : "/api/v1/repos/{owner}/{name}/versions/{number}/unpublish", { params: { path: { ...address, number } } }));

/** Where a version's events stream from, and its files. */
export function versionUrl({ owner, name }: Address, number: number, part: "events" | "log" | "lock"): string {
  return `/api/v1/repos/${owner}/${name}/versions/${number}/${part}`;
}
