import { Skeleton } from "@mantine/core";
import { IconPackageExport } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { sessionQuery } from "@/features/accounts/api/session";
import { BundlePage } from "@/features/bundles/pages/bundle-page";
import { FeedbackPage } from "@/features/feedback/pages/feedback-page";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";

import { NextStep, whyNothingReady } from "./next-step";
import { useRepository, useVersions } from "./repository-pages";

const feedback = getRouteApi("/site/$owner/$name/feedback");

export function FeedbackRoute() {
  const { address, repository } = useRepository();
  const { write } = feedback.useSearch();
  const { query, versions } = useVersions(address);
  const { data: session } = useQuery(sessionQuery);
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (!repository || !session || query.isPending) return <Skeleton height={260} />;
  const ready = versions.filter(({ state }) => state === "ready").map(({ number }) => number);
  const me = session.account?.username;
  return (
    <FeedbackPage key={`${repository.id} ${write}`} address={address} versions={ready} signedIn={me !== undefined} isOwner={me === repository.owner} mayReply={repository.can_write ?? false} writeAbout={write} />
  );
}

export function BundleRoute() {
  const { address, repository } = useRepository();
  const { query, versions } = useVersions(address);
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (!repository || query.isPending) return <Skeleton height={320} />;
  const ready = versions.filter(({ state }) => state === "ready");
  if (!ready.length)
    return (
      <div className="surface">
        <EmptyState icon={<IconPackageExport size={36} stroke={1.4} />} title="Nothing to take away yet" action={<NextStep repository={repository} newest={versions[0]} />}>{whyNothingReady(versions[0])} A bundle is made of a version that is ready.</EmptyState>
      </div>
    );
  return <BundlePage key={`${address.owner}/${address.name}`} address={address} versions={ready} />;
}
