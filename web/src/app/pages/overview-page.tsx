import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconCode, IconPackageExport, IconPlayerPlay, IconUpload } from "@tabler/icons-react";
import type { Repository, Version } from "@/client/types";
import { WholeDownload } from "@/features/datasets/components/whole-download";
import { Popularity } from "@/features/repos/components/repository-row";
import { CardView } from "@/features/versions/components/card-view";
import { OperationBadges } from "@/features/versions/components/operation-badges";
import { SignatureTable } from "@/features/versions/components/signature-table";
import { WeightsLabel } from "@/features/versions/components/weights-label";
import { formatBytes } from "@/lib/format";
import { signatureOf } from "@/lib/signature";
import { CopyButton } from "@/ui/copy-button";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton, TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";
import { Chip } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { useVersions } from "./repository-pages";

/** The card: what the model is for, what it takes and gives, and how to get it. */
export function OverviewPage({ repository }: { repository: Repository }) {
  const { owner, name } = repository;
  usePageTitle(`${owner}/${name}`);
  const { query, newest, ready } = useVersions({ owner, name });
  const shown = ready ?? newest;
  if (query.isPending) return <Skeleton height={220} />;
  if (!newest) return <NoVersion repository={repository} />;
  return (
    <div className="aside">
      <Stack gap="lg">
        {newest.state !== "ready" && <NewestNote owner={owner} name={name} version={newest} />}
        {shown && <CardView address={{ owner, name }} number={shown.number} description={repository.description} canWrite={repository.can_write ?? false} />}
        {shown && repository.kind !== "dataset" && <SignatureTable signature={signatureOf(shown)} />}
      </Stack>
      <Side repository={repository} version={ready} />
    </div>
  );
}

function Side(props: { repository: Repository; version: Version | undefined }) {
  if (props.repository.kind === "dataset") return <DataFacts {...props} />;
  return props.repository.kind === "operation" ? <OperationFacts {...props} /> : <Facts {...props} />;
}

/** An operation's side: its form is one click away, its code another. */
function OperationFacts({ repository, version }: { repository: Repository; version: Version | undefined }) {
  const { owner, name, tags } = repository;
  const params = { owner, name };
  const operation = version?.operation;
  return (
    <Stack gap="md">
      <LinkButton to="/$owner/$name/use" params={params} leftSection={<IconPlayerPlay size={16} />} disabled={!version}>Use this {operation?.kind ?? "operation"}</LinkButton>
      {version && operation?.origin === "script" && <LinkButton to="/$owner/$name/files/$" params={{ ...params, _splat: "" }} search={{ revision: `v${version.number}` }} variant="default" leftSection={<IconCode size={16} />}>See the code</LinkButton>}
      <People repository={repository} />
      {version && (
        <Text size="sm" c="dimmed">
          <TextLink to="/$owner/$name/versions/$number" params={{ ...params, number: String(version.number) }} inherit>Version {version.number}</TextLink>
          {version.image && ` · ${formatBytes(version.image.size)}`} · <TimeAgo at={version.created_at} />
        </Text>
      )}
      {operation && <div style={{ display: "flex", flexWrap: "wrap", gap: 6 }}><OperationBadges operation={operation} /><Chip>{MADE_FROM[operation.origin]}</Chip></div>}
      {tags.length > 0 && <div style={{ display: "flex", flexWrap: "wrap", gap: 6 }}>{tags.map((tag) => <Chip key={tag}>{tag}</Chip>)}</div>}
      <Command what="From a terminal" text={`modelyard run ${owner}/${name}${version ? `@v${version.number}` : ""} --wait`} />
    </Stack>
  );
}

const MADE_FROM = { script: "from a script", image: "from an image", cog: "from a Cog image" } as const;

function Facts({ repository, version }: { repository: Repository; version: Version | undefined }) {
  const { owner, name } = repository;
  const host = window.location.host;
  const commands = [
    { what: "Clone", text: `git clone ${window.location.origin}/${owner}/${name}.git` },
    ...(version ? [{ what: "Pull the image", text: `docker pull ${host}/${owner}/${name}:v${version.number}` }] : []),
  ];
  return (
    <Stack gap="md">
      <LinkButton to="/$owner/$name/run" params={{ owner, name }} leftSection={<IconPlayerPlay size={16} />} disabled={!version}>Run this model</LinkButton>
      {version && <LinkButton to="/$owner/$name/bundle" params={{ owner, name }} variant="default" leftSection={<IconPackageExport size={16} />}>Take it away</LinkButton>}
      <People repository={repository} />
      {version && (
        <Text size="sm" c="dimmed">
          <TextLink to="/$owner/$name/versions/$number" params={{ owner, name, number: String(version.number) }} inherit>Version {version.number}</TextLink>
          {version.image && ` · ${formatBytes(version.image.size)}`} · <TimeAgo at={version.created_at} />
        </Text>
      )}
      {version?.weights && <div><Text size="sm" fw={600}>Weights</Text><WeightsLabel weights={version.weights} brief /></div>}
      {repository.tags.length > 0 && <div style={{ display: "flex", flexWrap: "wrap", gap: 6 }}>{repository.tags.map((tag) => <Chip key={tag}>{tag}</Chip>)}</div>}
      {commands.map((command) => <Command key={command.what} {...command} />)}
    </Stack>
  );
}

/** A dataset's side: the whole of it, who says what of it, how to clone it. */
function DataFacts({ repository, version }: { repository: Repository; version: Version | undefined }) {
  const { owner, name } = repository;
  const command = `modelyard download ${owner}/${name}${version ? `@v${version.number}` : ""}`;
  return (
    <Stack gap="md">
      {version && <WholeDownload address={{ owner, name }} number={version.number} />}
      <People repository={repository} />
      {version && <Text size="sm" c="dimmed"><TextLink to="/$owner/$name/data" params={{ owner, name }} inherit>Show the files</TextLink> of version {version.number} · <TimeAgo at={version.created_at} /></Text>}
      <Command what="From a terminal" text={command} />
    </Stack>
  );
}

/** How people take it, and where they say so. */
function People({ repository }: { repository: Repository }) {
  const { owner, name, ratings } = repository;
  return (
    <div>
      <Popularity repository={repository} />
      <TextLink to="/$owner/$name/feedback" params={{ owner, name }} search={{}} size="sm">{ratings ? "What people say" : "Nobody said yet how it went"}</TextLink>
    </div>
  );
}

function Command({ what, text }: { what: string; text: string }) {
  return (
    <div>
      <Text size="sm" fw={600}>{what} <CopyButton value={text} label={`Copy: ${what}`} /></Text>
      <pre className="code" style={{ padding: "8px 10px", whiteSpace: "pre-wrap", wordBreak: "break-all" }}>{text}</pre>
    </div>
  );
}

function NewestNote({ owner, name, version }: { owner: string; name: string; version: Version }) {
  const words = version.state === "failed" ? "could not be made" : "is being made";
  return (
    <div className="surface row">
      <div className="grow">Version {version.number} {words}.{version.reason ? ` ${version.reason}` : ""}</div>
      <LinkButton to="/$owner/$name/versions/$number" params={{ owner, name, number: String(version.number) }} variant="default" size="xs">Show</LinkButton>
    </div>
  );
}

function NoVersion({ repository }: { repository: Repository }) {
  const { owner, name } = repository;
  if (repository.forked_from && repository.can_write) return <FreshFork repository={repository} />;
  return (
    <div className="surface">
      <EmptyState
        icon={<IconUpload size={36} stroke={1.4} />}
        title="No version yet"
        action={repository.can_write && <LinkButton to="/$owner/$name/push" params={{ owner, name }}>Push the first version</LinkButton>}
      >
        {repository.can_write && repository.kind === "dataset" ? "Push files or a zip here, or run modelyard push." : repository.can_write && repository.kind === "operation" ? <>Push a script and what it requires here, or run <code>modelyard push</code> in your project.</> : repository.can_write ? <>Push source, model, requirements and config here, or run <code>modelyard push</code> in your project.</> : "Its owner has not pushed anything yet."}
      </EmptyState>
    </div>
  );
}

/** A copy that has files, but nothing to run yet: how its first version is made. */
function FreshFork({ repository: { owner, name, kind } }: { repository: Repository }) {
  const params = { owner, name };
  return (
    <Section title="A copy, without a version yet">
      <Stack gap="sm">
        <Text size="sm">The files and their history are here. A version is made when you push: change what you like, and push all of it.</Text>
        <Command what="Get the files" text={`git clone ${window.location.origin}/${owner}/${name}.git`} />
        <Command what="Push them, changed or as they are" text={kind === "dataset" ? `modelyard upload ${name} --name ${owner}/${name}` : `modelyard push ${name} --name ${owner}/${name}`} />
        <Group><LinkButton to="/$owner/$name/push" params={params} leftSection={<IconUpload size={16} />}>Push here</LinkButton></Group>
      </Stack>
    </Section>
  );
}
