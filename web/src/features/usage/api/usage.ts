import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import type { QuotaKind, SummedBy } from "@/client/types";
import { daysOfMonth } from "@/lib/usage";

/** Sums of a month; `account` undefined for one's own, "*" for everybody's. */
export const usageQuery = (account: string | undefined, month: string, by: SummedBy) =>
  queryOptions({
    queryKey: ["usage", account, month, by],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/usage", { params: { query: { account, by, ...daysOfMonth(month) } }, signal })),
  });

export const quotasQuery = (account: string | undefined) =>
  queryOptions({
    queryKey: ["quotas", account],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/usage/quotas", { params: { query: { account } }, signal })),
  });

export type Amounts = Partial<Record<QuotaKind, number | null>>;

export const setQuotas = (username: string, quotas: Amounts) =>
  unwrap(api.PUT("/api/v1/accounts/{username}/quotas", { params: { path: { username } }, body: { quotas } }));

/** Where the month is as a table. */
export function csvUrl(account: string | undefined, month: string): string {
  const query = new URLSearchParams({ by: "version", ...daysOfMonth(month), ...(account && { account }) });
  return `/api/v1/usage.csv?${query.toString()}`;
}
