import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";

/** What is wanted of the log; without owner and repository, all of the site. */
export type AuditFilter = { owner?: string; repository?: string; actor?: string; action?: string };

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam, signal }) => unwrap(api.GET("/api/v1/audit", { params: { query: { ...filter, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The address of the same as a table. */
export const auditCsv = (filter: AuditFilter) => {
  const query = new URLSearchParams(Object.entries(filter).filter((entry): entry is [string, string] => Boolean(entry[1])));
  return `/api/v1/audit.csv?${query.toString()}`;
};
