import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import type { Token } from "@/client/types";

/** The signed-in person's own account: name, password, API tokens. */
export const renameAccount = (display_name: string) => unwrap(api.PATCH("/api/v1/account", { body: { display_name } }));

export const changePassword = (old_password: string, new_password: string) =>
  unwrap(api.PUT("/api/v1/account/password", { body: { old_password, new_password } }));

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/account/tokens", { signal })),
});

export type TokenInput = { name: string; scopes: Token["scopes"]; expires_in_days?: number };

export const createToken = (body: TokenInput) => unwrap(api.POST("/api/v1/account/tokens", { body }));

export const revokeToken = (id: string) =>
  unwrap(api.DELETE("/api/v1/account/tokens/{token_id}", { params: { path: { token_id: id } } }));
