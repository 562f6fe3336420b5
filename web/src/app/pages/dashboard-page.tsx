import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconBox, IconRocket } from "@tabler/icons-react";
import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Account, Deployment, Repository, Version } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { usesQuery, wantedQuery } from "@/features/feedback/api/feedback";
import { WantedFeedback } from "@/features/feedback/components/wanted-feedback";
import { Inbox } from "@/features/members/components/inbox";
import { repositoriesQuery, starredQuery } from "@/features/repos/api/repos";
import { KindIcon } from "@/features/repos/components/kind-icon";
import { RepositoryRow } from "@/features/repos/components/repository-row";
import { runsQuery } from "@/features/runs/api/runs";
import { RunRow } from "@/features/runs/components/run-row";
import { deploymentsQuery } from "@/features/serving/api/deployment";
import { versionsHeadQuery } from "@/features/versions/api/versions";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton, TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

/** What is mine: what is being made, what is served, all repositories. */
export function DashboardPage() {
  usePageTitle("Dashboard");
  const { data: session } = useQuery(sessionQuery);
  return (
    <main className="page" id="main">
      <Title order={1} mb={14}>Dashboard</Title>
      {session?.account && <Mine account={session.account} />}
    </main>
  );
}

function Mine({ account }: { account: Account }) {
  const query = useInfiniteQuery(repositoriesQuery({ owner: account.username }));
  const repositories = query.data?.pages.flatMap((page) => page.items) ?? [];
  const latest = repositories.slice(0, 12);
  const heads = useQueries({ queries: latest.map(({ owner, name }) => versionsHeadQuery({ owner, name })) });
  const above = [useQuery(wantedQuery), useQuery(deploymentsQuery(account.username)), useInfiniteQuery(recentRuns), query, ...heads];
  // What comes first on the page is waited for, so that nothing below it moves when it arrives.
  if (above.some(({ isPending }) => isPending)) return <div className="surface"><SkeletonRows count={6} /></div>;
  return (
    <Stack gap="lg">
      <Inbox />
      <WantedFeedback />
      <Work repositories={latest} newest={heads.map(({ data }) => data?.items[0])} />
      <RecentRuns />
      <Deployments owner={account.username} />
      <Section title="Your repositories" flush aside={account.role !== "reader" && <Group gap="xs"><LinkButton to="/new" size="xs" variant="default">New model</LinkButton><LinkButton to="/new/dataset" size="xs" variant="default">New dataset</LinkButton><LinkButton to="/new/operation" size="xs" variant="default">New operation</LinkButton></Group>}>
        {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
        {query.data && !repositories.length && <NothingYet mayCreate={account.role !== "reader"} />}
        <ul className="rows">{repositories.map((repository) => <RepositoryRow key={repository.id} repository={repository} />)}</ul>
        {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
      </Section>
      <Tried />
      <Starred />
    </Stack>
  );
}

const recentRuns = runsQuery({}, 5);

/** The newest runs, those under way among them. */
function RecentRuns() {
  const { data } = useInfiniteQuery(recentRuns);
  const runs = data?.pages[0]?.items ?? [];
  if (!runs.length) return null;
  return (
    <Section title="Recent runs" flush aside={<TextLink to="/runs" size="sm">All runs</TextLink>}>
      <ul className="rows">{runs.map((run) => <RunRow key={run.id} run={run} />)}</ul>
    </Section>
  );
}

/** What was downloaded and run, to be found again. */
function Tried() {
  const { data } = useQuery(usesQuery());
  if (!data?.items.length) return null;
  return (
    <Section title="Tried" flush>
      <ul className="rows">
        {data.items.map(({ repository: { owner, name, kind }, version, how, at }) => (
          <li key={`${owner}/${name} ${version} ${how}`}>
            <Link to="/$owner/$name" params={{ owner, name }} className="row">
              <KindIcon kind={kind} size={18} />
              <span className="grow clip"><span className="quiet">{owner}/</span><b>{name}</b> v{version}</span>
              <Text size="sm" c="dimmed">{how === "run" ? "ran" : "downloaded"} <TimeAgo at={at} /></Text>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Starred() {
  const { data } = useQuery(starredQuery);
  if (!data?.items.length) return null;
  return <Section title="Starred" flush><ul className="rows">{data.items.map((repository) => <RepositoryRow key={repository.id} repository={repository} />)}</ul></Section>;
}

/** The newest versions that are not ready: under way, or failed and waiting for someone. */
function Work({ repositories, newest: versions }: { repositories: Repository[]; newest: (Version | undefined)[] }) {
  const open = repositories.flatMap((repository, index) => {
    const newest = versions[index];
    return newest && newest.state !== "ready" ? [{ repository, newest }] : [];
  });
  if (!open.length) return null;
  return (
    <Section title="Versions under way" flush>
      <ul className="rows">
        {open.map(({ repository: { owner, name }, newest }) => (
          <li key={`${owner}/${name}`}>
            <Link to="/$owner/$name/versions/$number" params={{ owner, name, number: String(newest.number) }} className="row">
              <span style={{ width: 86 }}><StateBadge state={newest.state} /></span>
              <b className="clip">{name} v{newest.number}</b>
              <span className="grow clip quiet">{newest.reason ?? newest.stages.find(({ state }) => state === "running")?.text}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Deployments({ owner }: { owner: string }) {
  const { data, error, refetch } = useQuery(deploymentsQuery(owner));
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} title="Deployments could not be shown" />;
  if (!data?.items.length) return null;
  return (
    <Section title="Deployments" flush>
      <ul className="rows">{data.items.map((deployment) => <DeploymentRow key={deployment.url} deployment={deployment} />)}</ul>
    </Section>
  );
}

function DeploymentRow({ deployment }: { deployment: Deployment }) {
  const { owner, name, aliases, running, wanted } = deployment;
  const ready = running.filter(({ state }) => state === "ready").length;
  const state = wanted === "stopped" ? "stopped" : ready ? `${ready} running` : "starts on the first call";
  return (
    <li>
      <Link to="/$owner/$name/deployment" params={{ owner, name }} className="row">
        <IconRocket size={18} stroke={1.5} color="var(--accent-text)" aria-hidden />
        <span className="grow clip"><span className="quiet">{owner}/</span><b>{name}</b></span>
        <Text size="sm" c="dimmed" className="wide-only">{aliases.map(({ alias, version }) => `${alias} v${version}`).join(", ")}</Text>
        <StateBadge state={ready ? "serving" : "stopped"} label={state} />
      </Link>
    </li>
  );
}

function NothingYet({ mayCreate }: { mayCreate: boolean }) {
  return (
    <EmptyState
      icon={<IconBox size={36} stroke={1.4} />}
      title={mayCreate ? "Push your first model" : "You own nothing yet"}
      action={<Group justify="center">{mayCreate && <LinkButton to="/new">New model</LinkButton>}<LinkButton to="/" variant="default">Explore</LinkButton></Group>}
    >
      {mayCreate ? "You need the trained model, the source that uses it, its requirements, and the name of the function that predicts." : "Readers see and run models; a creator may push some."}
    </EmptyState>
  );
}
