import { IconMapPinOff } from "@tabler/icons-react";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";

import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

export function NotFoundPage() {
  usePageTitle("Not found");
  return (
    <main className="page" data-narrow id="main">
      <EmptyState
        whole
        icon={<IconMapPinOff size={36} />}
        title="There is nothing at this address"
        action={<LinkButton to="/">Explore models</LinkButton>}
      >
        It may have been renamed or deleted, or you may not be allowed to see it. Signing in can help.
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
