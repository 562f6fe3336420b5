import { Group, Skeleton } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { getRouteApi, useNavigate } from "@tanstack/react-router";

import type { DatasetFile, Repository, Version } from "@/client/types";
import { DataPage } from "@/features/datasets/pages/data-page";
import { DeleteRepository } from "@/features/repos/components/delete-repository";
import { datasetSource } from "@/features/results/api/dataset-files";
import { FileView } from "@/features/results/components/file-view";
import { DeleteVersion } from "@/features/versions/components/delete-version";
import { ItemsPage } from "@/features/viewing/pages/items-page";
import { fileView } from "@/lib/file-kind";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";

import type { DataFilter } from "./data-filter";
import { NextStep, whyNothingReady } from "./next-step";
import { useRepository, useVersions } from "./repository-pages";

const route = getRouteApi("/site/$owner/$name/data");

/** The data of a version: images by their index, or files. */
export function DataRoute() {
  const { address, repository } = useRepository();
  const { query, versions } = useVersions(address);
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (!repository || query.isPending) return <Skeleton height={320} />;
  const ready = versions.filter(({ state }) => state === "ready");
  if (!ready.length)
    return (
      <div className="surface">
        <EmptyState icon={<IconDatabase size={36} stroke={1.4} />} title="No data yet" action={<NextStep repository={repository} newest={versions[0]} />}>{whyNothingReady(versions[0])} Files appear here as soon as a version of them is ready.</EmptyState>
      </div>
    );
  return <ReadyData key={`${address.owner}/${address.name}`} repository={repository} versions={ready} />;
}

function ReadyData({ repository, versions }: { repository: Repository; versions: Version[] }) {
  const { version: asked, file, ...filter } = route.useSearch();
  const navigate = useNavigate();
  const params = { owner: repository.owner, name: repository.name };
  const version = versions.find(({ number }) => number === asked) ?? versions[0];
  if (!version) return null;
  const go = (search: DataFilter) => void navigate({ to: "/$owner/$name/data", params, search, replace: true });
  const shared = { address: params, versions: versions.map(({ number }) => number), number: version.number, onVersion: (number: number) => go({ version: number }) };
  const aside = repository.can_write && <Deletions repository={repository} number={version.number} />;
  if (version.packed)
    return (
      <ItemsPage
        {...shared}
        filter={filter}
        onFilter={(changed) => go({ version: asked, ...changed })}
        canEdit={(repository.can_write ?? false) && version.number === versions[0]?.number}
        onMade={(number) => void navigate({ to: "/$owner/$name/versions/$number", params: { ...params, number: String(number) } })}
        aside={aside}
      />
    );
  return <DataPage key={version.number} {...shared} aside={aside} opened={file} onOpen={(path) => go({ version: asked, file: path })} isShown={({ path, size }) => fileView(path, size) !== null} show={(found) => <LookedInto params={params} number={version.number} file={found} />} />;
}

function LookedInto({ params, number, file }: { params: { owner: string; name: string }; number: number; file: DatasetFile }) {
  return <FileView source={datasetSource(params, number)} file={{ ...file, view: fileView(file.path, file.size) ?? "file" }} />;
}

/** What the owner of a dataset can take back: the version that is shown, or all of it. */
function Deletions({ repository, number }: { repository: Repository; number: number }) {
  const { owner, name, kind } = repository;
  const navigate = useNavigate();
  return (
    <Group gap="xs">
      <DeleteVersion address={{ owner, name }} kind={kind} number={number} label={`Delete v${number}`} />
      <DeleteRepository repository={repository} size="xs" label="Delete the dataset" onDeleted={() => void navigate({ to: "/dashboard" })} />
    </Group>
  );
}
