import { Group } from "@mantine/core";
import { IconMapPinOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ErrorComponentProps, useRouter, useRouterState } from "@tanstack/react-router";

import { sessionQuery } from "@/features/accounts/api/session";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

export function NotFoundPage() {
  usePageTitle("Not found");
  const { data: session } = useQuery(sessionQuery);
  const here = useRouterState({ select: ({ location }) => location.href });
  return (
    <main className="page" data-narrow id="main">
      <EmptyState
        whole
        icon={<IconMapPinOff size={36} />}
        title="There is nothing at this address"
        action={
          <Group justify="center">
            {session && !session.account && <LinkButton to="/sign-in" search={{ next: here }}>Sign in</LinkButton>}
            <LinkButton to="/" variant={session?.account ? "filled" : "default"}>Explore</LinkButton>
          </Group>
        }
      >
        It may have been renamed or deleted, or you may not be allowed to see it.{session?.account ? " Ask its owner." : " Signing in can help."}
      </EmptyState>
    </main>
  );
}

export function RouteProblem({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main className="page" data-narrow id="main">
      <ProblemAlert error={error} onRetry={retry} title="This page could not be shown" />
    </main>
  );
}
