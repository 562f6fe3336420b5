import { getRouteApi, useRouter } from "@tanstack/react-router";

import type { SessionInfo } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { SignInPage } from "@/features/accounts/pages/sign-in-page";
import { SignUpPage } from "@/features/accounts/pages/sign-up-page";
import { forgetServeTokens } from "@/features/serving/api/predict";

import { queryClient } from "../client";

const signInRoute = getRouteApi("/sign-in");
const signUpRoute = getRouteApi("/sign-up");

export function SignInRoute() {
  const { next } = signInRoute.useSearch();
  const enter = useEnter(next);
  return <SignInPage onEntered={enter} />;
}

export function SignUpRoute() {
  const { invitation } = signUpRoute.useSearch();
  const enter = useEnter(undefined);
  return <SignUpPage invitation={invitation} onEntered={enter} />;
}

/** After signing in, everything is asked anew: another person sees other things. Only addresses of this site are followed. */
function useEnter(next: string | undefined) {
  const router = useRouter();
  return async (session: SessionInfo) => {
    queryClient.setQueryData(sessionQuery.queryKey, session);
    forgetServeTokens();
    void queryClient.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    await router.invalidate();
    router.history.push(next && /^\/(?!\/)/.test(next) ? next : "/dashboard");
  };
}
