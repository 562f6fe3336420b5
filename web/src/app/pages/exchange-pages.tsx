import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { sessionQuery } from "@/features/accounts/api/session";
import { BundlePage } from "@/features/bundles/pages/bundle-page";
import { DataPage } from "@/features/datasets/pages/data-page";
import { FeedbackPage } from "@/features/feedback/pages/feedback-page";
import { LinkButton } from "@/ui/links";
import { ProblemAlert } from "@/ui/problem-alert";

import { useRepository, useVersions } from "./repository-pages";

const feedback = getRouteApi("/site/$owner/$name/feedback");

export function FeedbackRoute() {
  const { address, repository } = useRepository();
  const { write } = feedback.useSearch();
  const { query, versions } = useVersions(address);
  const { data: session } = useQuery(sessionQuery);
  if (query.error) return <ProblemAlert error={query.error} />;
  if (!repository || !session || query.isPending) return <Skeleton height={260} />;
  const ready = versions.filter(({ state }) => state === "ready").map(({ number }) => number);
  const me = session.account?.username;
  return (
    <FeedbackPage key={`${repository.id} ${write}`} address={address} versions={ready} signedIn={me !== undefined} isOwner={me === repository.owner} mayReply={repository.can_write ?? false} writeAbout={write} />
  );
}

export function BundleRoute() {
  const { address } = useRepository();
  const { query, versions } = useVersions(address);
  if (query.error) return <ProblemAlert error={query.error} />;
  if (query.isPending) return <Skeleton height={320} />;
  return <BundlePage key={`${address.owner}/${address.name}`} address={address} versions={versions.filter(({ state }) => state === "ready")} />;
}

export function DataRoute() {
  const { address, repository } = useRepository();
  const { query, versions } = useVersions(address);
  if (query.error) return <ProblemAlert error={query.error} />;
  if (query.isPending) return <Skeleton height={320} />;
  const action = repository?.can_write && <LinkButton to="/$owner/$name/push" params={address}>Push files</LinkButton>;
  return <DataPage key={`${address.owner}/${address.name}`} address={address} versions={versions.filter(({ state }) => state === "ready").map(({ number }) => number)} action={action} />;
}
