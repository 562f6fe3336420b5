import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";

import type { Repository } from "@/client/types";
import { sendFile } from "@/features/content/api/upload";
import { repositoryQuery } from "@/features/repos/api/repos";
import { FilesPage } from "@/features/repos/pages/files-page";
import { RepositorySettingsPage } from "@/features/repos/pages/repository-settings-page";
import { DeploymentPage } from "@/features/serving/pages/deployment-page";
import { versionsQuery } from "@/features/versions/api/versions";
import { VersionPage } from "@/features/versions/pages/version-page";
import { VersionsPage } from "@/features/versions/pages/versions-page";
import { LinkButton } from "@/ui/links";

import { DeployButton } from "./deploy-button";
import { NotAllowed } from "./not-allowed";
import { OverviewPage } from "./overview-page";

const layout = getRouteApi("/site/$owner/$name");
const files = getRouteApi("/site/$owner/$name/files/$");
const version = getRouteApi("/site/$owner/$name/versions/$number");

/** The repository of this page; the layout shows pages only once it is known. */
export function useRepository() {
  const address = layout.useParams();
  const { data } = useQuery(repositoryQuery(address));
  return { address, repository: data };
}

/** The newest version that can be run, and the newest of all. */
export function useVersions(address: { owner: string; name: string }) {
  const query = useInfiniteQuery(versionsQuery(address));
  const versions = query.data?.pages.flatMap((page) => page.items) ?? [];
  return { query, versions, newest: versions[0], ready: versions.find(({ state }) => state === "ready") };
}

export function OverviewRoute() {
  const { repository } = useRepository();
  return repository ? <OverviewPage repository={repository} /> : null;
}

export function FilesRoute() {
  const { _splat: path = "" } = files.useParams();
  const { revision } = files.useSearch();
  const { address, repository } = useRepository();
  return <FilesPage address={address} path={path} revision={revision} role={repository?.role} />;
}

export function VersionsRoute() {
  const { address, repository } = useRepository();
  return <VersionsPage address={address} canWrite={repository?.can_write ?? false} />;
}

export function VersionRoute() {
  const { number } = version.useParams();
  const { address, repository } = useRepository();
  const navigate = useNavigate();
  if (!repository) return null;
  const canWrite = repository.can_write ?? false;
  return (
    <VersionPage
      key={number}
      address={address}
      kind={repository.kind}
      number={Number(number)}
      canWrite={canWrite}
      onDeleted={() => void navigate({ to: "/$owner/$name/versions", params: address })}
      action={<VersionAction repository={repository} number={Number(number)} />}
    />
  );
}

/** What a version that is ready is for. */
function VersionAction({ repository: { owner, name, kind, can_write }, number }: { repository: Repository; number: number }) {
  const params = { owner, name };
  if (kind === "dataset") return <LinkButton size="xs" to="/$owner/$name/data" params={params}>Show the data</LinkButton>;
  if (kind === "operation") return <LinkButton size="xs" to="/$owner/$name/use" params={params} search={{ version: number }}>Run it</LinkButton>;
  return can_write && <DeployButton address={params} version={number} />;
}

export function DeploymentRoute() {
  const { address, repository } = useRepository();
  const { versions } = useVersions(address);
  const ready = versions.filter(({ state }) => state === "ready").map(({ number }) => number);
  return <DeploymentPage address={address} canWrite={repository?.can_write ?? false} versions={ready} />;
}

export function SettingsRoute() {
  const { repository } = useRepository();
  const navigate = useNavigate();
  if (!repository) return null;
  if (!repository.can_write) return <NotAllowed title="Only maintainers change this">Ask {repository.owner}, or an administrator.</NotAllowed>;
  return (
    <RepositorySettingsPage
      key={repository.id}
      repository={repository}
      send={sendFile}
      onRenamed={(name) => void navigate({ to: "/$owner/$name/settings", params: { owner: repository.owner, name }, replace: true })}
      onDeleted={() => void navigate({ to: "/dashboard" })}
    />
  );
}
