import { Button, Group, Text } from "@mantine/core";
import { IconFile, IconFolder, IconFolderOpen } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import type { Address, FileEntry, MemberRole } from "@/client/types";
import { formatBytes } from "@/lib/format";
import { CopyButton } from "@/ui/copy-button";
import { EmptyState } from "@/ui/empty-state";
import { TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { Chip } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { commitsQuery, filesQuery, rawUrl } from "../api/repos";
import { BranchMenu } from "../components/branch-menu";
import { FileActions } from "../components/file-actions";
import { FileView } from "../components/file-view";
import { RevisionSelect } from "../components/revision-select";

type Props = { address: Address; path: string; revision: string | undefined; role: MemberRole | null | undefined };

/** The repository's files at a revision: a folder as a list, a file as itself. */
export function FilesPage({ address, path, revision, role }: Props) {
  const navigate = useNavigate();
  usePageTitle(`${path || "Files"} · ${address.owner}/${address.name}`);
  const parent = path.split("/").slice(0, -1).join("/");
  const { data: siblings } = useQuery({ ...filesQuery(address, revision, parent), enabled: path !== "" });
  const file = siblings?.find((entry) => entry.path === path && entry.type === "file");
  const known = path === "" || siblings !== undefined;
  const show = (next: string) => void navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: path }, search: { revision: next === "main" ? undefined : next } });
  return (
    <>
      <Group mb="sm" gap="sm">
        <RevisionSelect address={address} label="Revision" value={revision ?? "main"} onChange={show} />
        <BranchMenu address={address} path={path} revision={revision ?? "main"} role={role} />
        <Trail address={address} path={path} revision={revision} />
        <Group gap="xs" ml="auto">
          {known && <FileActions address={address} path={path} branch={revision ?? "main"} role={role} file={file} />}
          {file && (
            <Button component="a" href={rawUrl(address, revision, path)} download={file.name} size="xs" variant="default">
              Download {file.size === null || file.size === undefined ? "" : formatBytes(file.size)}
            </Button>
          )}
        </Group>
      </Group>
      <section className="surface" aria-label="Files">
        <LastCommit address={address} revision={revision} />
        {!known && <SkeletonRows count={3} />}
        {known && (file ? <FileView address={address} revision={revision} entry={file} /> : <Folder address={address} revision={revision} path={path} />)}
      </section>
    </>
  );
}

function Folder({ address, revision, path }: Omit<Props, "role">) {
  const { data, error, refetch, isPending } = useQuery(filesQuery(address, revision, path));
  if (error) return <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>;
  if (isPending) return <SkeletonRows count={4} />;
  if (!data.length)
    return (
      <EmptyState icon={<IconFolderOpen size={34} stroke={1.4} />} title="Nothing here yet">
        The first version that is pushed puts its source, requirements, config and model here.
      </EmptyState>
    );
  return <ul className="rows">{data.map((entry) => <EntryRow key={entry.path} address={address} revision={revision} entry={entry} />)}</ul>;
}

function EntryRow({ address, revision, entry }: { address: Address; revision: string | undefined; entry: FileEntry }) {
  return (
    <li>
      <Link to="/$owner/$name/files/$" params={{ ...address, _splat: entry.path }} search={{ revision }} className="row" style={{ paddingBlock: 8 }}>
        {entry.type === "folder" ? <IconFolder size={18} color="var(--accent-text)" aria-label="folder" /> : <IconFile size={18} stroke={1.5} aria-label="file" />}
        <span className="grow clip">{entry.name}</span>
        {entry.lfs && <Chip>LFS</Chip>}
        <Text size="sm" c="dimmed" miw={70} ta="right">{entry.type === "file" && typeof entry.size === "number" ? formatBytes(entry.size) : ""}</Text>
      </Link>
    </li>
  );
}

function Trail({ address, path, revision }: Omit<Props, "role">) {
  const parts = path.split("/").filter(Boolean);
  return (
    <nav aria-label="Path" className="mono" style={{ overflowWrap: "anywhere" }}>
      <TextLink underline="hover" to="/$owner/$name/files/$" params={{ ...address, _splat: "" }} search={{ revision }} inherit>{address.name}</TextLink>
      {parts.map((part, index) => (
        <span key={index}>
          {" / "}
          {index === parts.length - 1 ? <b>{part}</b> : <TextLink underline="hover" to="/$owner/$name/files/$" params={{ ...address, _splat: parts.slice(0, index + 1).join("/") }} search={{ revision }} inherit>{part}</TextLink>}
        </span>
      ))}
    </nav>
  );
}

function LastCommit({ address, revision }: { address: Address; revision: string | undefined }) {
  const { data } = useQuery(commitsQuery(address, revision));
  const last = data?.[0];
  if (!last) return null;
  return (
    <header>
      <Text size="sm" className="clip grow"><b>{last.author}</b> <span className="quiet">{last.message.split("\n")[0]}</span></Text>
      <Text size="sm" c="dimmed"><TextLink to="/$owner/$name/commits/$commit" params={{ ...address, commit: last.id }} className="mono" inherit>{last.id.slice(0, 8)}</TextLink> <CopyButton value={last.id} label="Copy the commit" /> <TimeAgo at={last.at} /> · <TextLink to="/$owner/$name/commits" params={address} search={{ revision }} inherit>All commits</TextLink></Text>
    </header>
  );
}
