import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import type { Role, SignUp } from "@/client/types";

/** What administrators do: accounts, invitations, the site's sign-up mode, the doctor's findings. */
export const accountsQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ["accounts", q],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/v1/accounts", { params: { query: { q: q || undefined, cursor: pageParam, limit: 50 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export type AccountInput = { username: string; display_name?: string; role: Role };

export const createAccount = (body: AccountInput) => unwrap(api.POST("/api/v1/accounts", { body }));

export const changeAccount = (username: string, body: { role?: Role; disabled?: boolean }) =>
  unwrap(api.PATCH("/api/v1/accounts/{username}", { params: { path: { username } }, body }));

export const resetPassword = (username: string) =>
  unwrap(api.POST("/api/v1/accounts/{username}/password", { params: { path: { username } } }));

export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/invitations", { signal })),
});

export const createInvitation = (role: Role, expires_in_days: number) =>
  unwrap(api.POST("/api/v1/invitations", { body: { role, expires_in_days } }));

export const withdrawInvitation = (id: string) =>
  unwrap(api.DELETE("/api/v1/invitations/{invitation_id}", { params: { path: { invitation_id: id } } }));

export const siteQuery = queryOptions({
  queryKey: ["site"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/site", { signal })),
});

export type SiteChange = { sign_up?: SignUp; sign_up_role?: "reader" | "creator" };

export const changeSite = (change: SiteChange) => unwrap(api.PATCH("/api/v1/site", { body: change }));

export const doctorQuery = queryOptions({
  queryKey: ["doctor"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/doctor", { signal })),
});
