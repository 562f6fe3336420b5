import { Skeleton, Stack, Text } from "@mantine/core";
import { IconPlayerPlay, IconUpload } from "@tabler/icons-react";
import { lazy, Suspense } from "react";

import type { Repository, Version } from "@/client/types";
import { CardFacts } from "@/features/versions/components/card-facts";
import { SignatureTable } from "@/features/versions/components/signature-table";
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

const Prose = lazy(() => import("@/ui/prose"));

/** The card: what the model is for, what it takes and gives, and how to get it. */
export function OverviewPage({ repository }: { repository: Repository }) {
  const { owner, name } = repository;
  usePageTitle(`${owner}/${name}`);
  const { query, newest, ready } = useVersions({ owner, name });
  const shown = ready ?? newest;
  if (query.isPending) return <Skeleton height={220} />;
  if (!newest) return <NoVersion repository={repository} />;
  const text = typeof shown?.card.description === "string" ? shown.card.description : repository.description;
  return (
    <div className="aside">
      <Stack gap="lg">
        {newest.state !== "ready" && <NewestNote owner={owner} name={name} version={newest} />}
        <Section title="About">
          {text ? <Suspense fallback={<Skeleton height={80} />}><Prose text={text} /></Suspense> : <Text c="dimmed" size="sm">No description yet.</Text>}
        </Section>
        {shown && <SignatureTable signature={signatureOf(shown)} />}
        {shown && <CardFacts card={shown.card} />}
      </Stack>
      <Facts repository={repository} version={ready} />
    </div>
  );
}

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
      {version && (
        <Text size="sm" c="dimmed">
          <TextLink to="/$owner/$name/versions/$number" params={{ owner, name, number: String(version.number) }} inherit underline="always">Version {version.number}</TextLink>
          {version.image && ` · ${formatBytes(version.image.size)}`} · <TimeAgo at={version.created_at} />
        </Text>
      )}
      {repository.tags.length > 0 && <div style={{ display: "flex", flexWrap: "wrap", gap: 6 }}>{repository.tags.map((tag) => <Chip key={tag}>{tag}</Chip>)}</div>}
      {commands.map(({ what, text }) => (
        <div key={what}>
          <Text size="sm" fw={600}>{what} <CopyButton value={text} label={`Copy: ${what}`} /></Text>
          <pre className="code" style={{ padding: "8px 10px", whiteSpace: "pre-wrap", wordBreak: "break-all" }}>{text}</pre>
        </div>
      ))}
    </Stack>
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
  return (
    <div className="surface">
      <EmptyState
        icon={<IconUpload size={36} stroke={1.4} />}
        title="No version yet"
        action={repository.can_write && <LinkButton to="/$owner/$name/push" params={{ owner, name }}>Push the first version</LinkButton>}
      >
        {repository.can_write ? <>Push source, model, requirements and config here, or run <code>modelyard push</code> in your project.</> : "Its owner has not pushed anything yet."}
      </EmptyState>
    </div>
  );
}
