import { api, unwrap } from "@/client/api";
import type { Address } from "@/client/types";

import type { ResultSource } from "./source";

/** The files of a dataset's version. */
export function datasetSource(address: Address, number: number): ResultSource {
  const base = `/api/v1/repos/${address.owner}/${address.name}/versions/${number}`;
  const params = (path: string) => ({ path: { ...address, number, path } });
  const encoded = (path: string) => path.split("/").map(encodeURIComponent).join("/");
  return {
    key: ["results", "dataset", address.owner, address.name, String(number)],
    fileUrl: (path) => `${base}/files/${encoded(path)}`,
    previewUrl: (path, side) => `${base}/previews/${encoded(path)}?side=${side}`,
    readTable: (path, { sort, descending, filters, offset, limit }, signal) =>
      unwrap(
        api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/tables/{path}", {
          params: { ...params(path), query: { sort: sort ?? undefined, desc: descending, filter: JSON.stringify(filters), offset, limit } },
          signal,
        }),
      ),
    describeTable: (path, signal) => unwrap(api.GET("/api/v1/repos/{owner}/{name}/versions/{number}/statistics/{path}", { params: params(path), signal })),
  };
}
