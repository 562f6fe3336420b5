import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";

/** The person's sign-ins to other registries, without their secrets; one for each registry. */
export const signInsQuery = queryOptions({
  queryKey: ["registry-sign-ins"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/registry-credentials", { signal })),
});

export type SignInInput = { registry: string; username: string; secret: string };

/** Keeps a sign-in, in the place of an earlier one to the same registry. */
export const saveSignIn = (body: SignInInput) => unwrap(api.POST("/api/v1/registry-credentials", { body }));

export const deleteSignIn = (id: string) => unwrap(api.DELETE("/api/v1/registry-credentials/{credential_id}", { params: { path: { credential_id: id } } }));
