import { Group, Skeleton, Text, Title } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { ProblemError } from "@/client/problem";
import type { Address, Repository } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { repositoryQuery } from "@/features/repos/api/repos";
import { ForkButton } from "@/features/repos/components/fork-button";
import { Picture } from "@/features/repos/components/picture";
import { StarButton } from "@/features/repos/components/star-button";
import { deploymentQuery } from "@/features/serving/api/deployment";
import { versionsQuery } from "@/features/versions/api/versions";
import { CopyButton } from "@/ui/copy-button";
import { LinkButton, TextLink } from "@/ui/links";
import { ProblemAlert } from "@/ui/problem-alert";
import { Chip, StateBadge } from "@/ui/state-badge";

import { OwnerChoice } from "../owner-choice";
import { NotFoundPage } from "./problem-pages";

const route = getRouteApi("/site/$owner/$name");

/** The head of a repository and its tabs; the tab's page is below. */
export function RepositoryLayout() {
  const address = route.useParams();
  const { data: repository, error, refetch } = useQuery(repositoryQuery(address));
  if (error instanceof ProblemError && error.status === 404) return <NotFoundPage />;
  return (
    <main className="page" id="main">
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {repository ? <Head repository={repository} /> : !error && <Skeleton height={30} width={320} mb={34} />}
      {!error && <Tabs address={address} repository={repository} />}
      {repository && <Outlet />}
    </main>
  );
}

function Head({ repository }: { repository: Repository }) {
  const { owner, name, visibility, title, kind, forked_from } = repository;
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const me = session?.account?.username;
  const onSignIn = () => void navigate({ to: "/sign-in", search: { next: `/${owner}/${name}` } });
  return (
    <div style={{ marginBottom: 10 }}>
      <Group gap={10} wrap="wrap">
        <Picture repository={repository} size={32} />
        <Title order={1} style={{ overflowWrap: "anywhere" }}>
          <Link to="/" search={{ owner }} className="quiet" style={{ textDecoration: "none", fontWeight: 450 }}>{owner}</Link>
          <span className="quiet" style={{ fontWeight: 450 }}> / </span>
          {name}
        </Title>
        <CopyButton value={`${owner}/${name}`} label="Copy the name" />
        <Chip>{visibility}</Chip>
        {kind !== "model" && <Chip>{kind}</Chip>}
        {kind === "model" && <Serving owner={owner} name={name} />}
        <span className="grow" />
        <Group gap={10} wrap="wrap">
          <StarButton repository={repository} signedIn={me !== undefined} onSignIn={onSignIn} />
          <ForkButton
            repository={repository}
            me={me}
            ownerChoice={(value, onChange) => <OwnerChoice value={value} onChange={onChange} />}
            onSignIn={onSignIn}
            onForked={(fork) => void navigate({ to: "/$owner/$name", params: { owner: fork.owner, name: fork.name } })}
          />
          {repository.can_write && (
            <LinkButton to="/$owner/$name/push" params={{ owner, name }} variant="default" size="xs" leftSection={<IconUpload size={15} />}>
              New version
            </LinkButton>
          )}
        </Group>
      </Group>
      {title && <Text c="dimmed" mt={2}>{title}</Text>}
      {forked_from && <ForkedFrom address={forked_from} />}
    </div>
  );
}

function ForkedFrom({ address }: { address: string }) {
  const [owner = "", name = ""] = address.split("/");
  return <Text size="sm" c="dimmed">Forked from <TextLink to="/$owner/$name" params={{ owner, name }} inherit>{address}</TextLink></Text>;
}

/** What is served, or what is being made. */
function Serving({ owner, name }: { owner: string; name: string }) {
  const { data: deployment } = useQuery(deploymentQuery({ owner, name }));
  const { data: versions } = useInfiniteQuery(versionsQuery({ owner, name }));
  const production = deployment?.aliases.find(({ alias }) => alias === "production");
  const latest = versions?.pages[0]?.items[0];
  return (
    <>
      {deployment?.wanted === "serving" && production && <StateBadge state="serving" label={`serving v${production.version}`} />}
      {latest && latest.state !== "ready" && <StateBadge state={latest.state} label={`v${latest.number} ${latest.state}`} />}
    </>
  );
}

/** Where pages of a tab are that its own address does not begin: two revisions, or two versions, side by side. */
const OF_FILES = /^\/[^/]+\/[^/]+\/(compare\/?$|(commits|edit|new)(\/|$))/;
const OF_VERSIONS = /^\/[^/]+\/[^/]+\/(compare\/.|push(\/|$))/;
/** What the router gives the link of the page that is shown. */
const ACTIVE = { "data-status": "active", "aria-current": "page" } as const;

function Tabs({ address: params, repository }: { address: Address; repository: Repository | undefined }) {
  // Before the kind is known, the tabs of a model keep their places.
  const { kind = "model", can_write, role } = repository ?? {};
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen the bar scrolls; the tab that is shown must be seen in it.
    bar.current?.querySelector('[data-status="active"]')?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [path]);
  return (
    <nav ref={bar} className="tabs" aria-label="Repository" style={{ marginBottom: 18 }}>
      <Link to="/$owner/$name" params={params} className="tab" activeOptions={{ exact: true }}>Card</Link>
      {kind === "dataset" && <Link to="/$owner/$name/data" params={params} className="tab">Data</Link>}
      {kind === "model" && <Link to="/$owner/$name/run" params={params} className="tab">Run</Link>}
      {kind !== "dataset" && <Link to="/$owner/$name/use" params={params} className="tab">{kind === "model" ? "Batch" : "Use"}</Link>}
      {kind === "model" && <Link to="/$owner/$name/api" params={params} className="tab">API</Link>}
      <Link to="/$owner/$name/files/$" params={{ ...params, _splat: "" }} className="tab" {...(OF_FILES.test(path) && ACTIVE)}>Files</Link>
      <Link to="/$owner/$name/versions" params={params} className="tab" {...(OF_VERSIONS.test(path) && ACTIVE)}>Versions</Link>
      {kind !== "dataset" && <Link to="/$owner/$name/runs" params={params} className="tab">Runs</Link>}
      <Link to="/$owner/$name/feedback" params={params} className="tab">Feedback</Link>
      {kind === "model" && <Link to="/$owner/$name/bundle" params={params} className="tab">Bundle</Link>}
      {kind === "model" && <Link to="/$owner/$name/deployment" params={params} className="tab">Deployment</Link>}
      {role && <Link to="/$owner/$name/members" params={params} className="tab">Members</Link>}
      {can_write && <Link to="/$owner/$name/settings" params={params} className="tab">Settings</Link>}
    </nav>
  );
}
