import { queryOptions } from "@tanstack/react-query";

import { api, unwrapText } from "@/client/api";
import type { Address } from "@/client/types";

export type Platform = "linux/amd64" | "linux/arm64";

export function bundleUrl({ owner, name }: Address, number: number, platform: string): string {
  return `/api/v1/repos/${owner}/${name}/versions/${number}/bundle?platform=${encodeURIComponent(platform)}`;
}

/** The bundle's SHA-256 and file name, as `sha256sum` writes them. Computing it takes the server some seconds once. */
export const checksumQuery = (address: Address, number: number, platform: string) =>
  queryOptions({
    queryKey: ["bundles", address.owner, address.name, number, platform],
    queryFn: async ({ signal }) => {
      const line = await unwrapText(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/bundle/checksum", {
          params: { path: { ...address, number }, query: { platform } },
          parseAs: "text",
          signal,
        }),
      );
      const [digest = "", fileName = ""] = line.trim().split(/\s+/);
      return { line: line.trim(), digest, fileName };
    },
    staleTime: Infinity,
  });
