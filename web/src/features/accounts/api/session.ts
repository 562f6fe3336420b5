import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";

/** Who is signed in, and how the site takes new people. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/session", { signal })),
  staleTime: 60_000,
});

export const signIn = (username: string, password: string) =>
  unwrap(api.POST("/api/v1/session", { body: { username, password } }));

export const signOut = () => unwrap(api.DELETE("/api/v1/session"));

export type SignUpInput = { username: string; display_name?: string; password: string; invitation?: string };

export const signUp = (body: SignUpInput) => unwrap(api.POST("/api/v1/sign-up", { body }));
