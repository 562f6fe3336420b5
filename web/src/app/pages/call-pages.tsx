import { Skeleton } from "@mantine/core";
import { IconPlayerPlay, IconRocket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";

import type { Deployment, Repository, Version } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { deploymentQuery } from "@/features/serving/api/deployment";
import { ApiPage } from "@/features/serving/pages/api-page";
import { RunPage } from "@/features/serving/pages/run-page";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";

import { DeployButton } from "./deploy-button";
import { NextStep, whyNothingReady } from "./next-step";
import { useRepository, useVersions } from "./repository-pages";

type Ready = { repository: Repository; versions: Version[]; deployment: Deployment; signedIn: boolean };

export function RunRoute() {
  return <Callable show={({ repository, ...rest }) => <RunPage address={repository} {...rest} />} />;
}

export function ApiRoute() {
  return <Callable show={({ repository, ...rest }) => <ApiPage address={repository} isPublic={repository.visibility === "public"} {...rest} />} />;
}

/** Shows a page that calls the model, or the one step that is missing before it can be called. */
function Callable({ show }: { show: (ready: Ready) => React.ReactNode }) {
  const { address, repository } = useRepository();
  const { query, versions } = useVersions(address);
  const { data: session } = useQuery(sessionQuery);
  const { data: deployment, isPending, error } = useQuery(deploymentQuery(address));
  const ready = versions.filter(({ state }) => state === "ready");
  // Operations are not served: each use is a run.
  if (repository?.kind === "operation") return <Navigate to="/$owner/$name/use" params={address} replace />;
  const failure = query.error ?? error;
  if (failure) return <ProblemAlert error={failure} />;
  if (!repository || !session || isPending || query.isPending) return <Skeleton height={320} />;
  const [newest] = ready;
  if (!newest)
    return (
      <div className="surface">
        <EmptyState icon={<IconPlayerPlay size={36} stroke={1.4} />} title="No version is ready to run" action={<NextStep repository={repository} newest={versions[0]} />}>{whyNothingReady(versions[0])}</EmptyState>
      </div>
    );
  if (!deployment || deployment.wanted !== "serving" || !deployment.aliases.length) return <NotDeployed repository={repository} version={newest.number} />;
  return show({ repository, versions: ready, deployment, signedIn: session.account !== null });
}

function NotDeployed({ repository, version }: { repository: Repository; version: number }) {
  return (
    <div className="surface">
      <EmptyState icon={<IconRocket size={36} stroke={1.4} />} title="This model is not deployed" action={repository.can_write && <DeployButton address={repository} version={version} />}>
        {repository.can_write ? "Deploy it to run it here and to call it from elsewhere. It starts on the first call and stops when idle." : `Ask ${repository.owner} to deploy it.`}
      </EmptyState>
    </div>
  );
}
