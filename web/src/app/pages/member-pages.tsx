import { Stack, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";

import { sessionQuery } from "@/features/accounts/api/session";
import type { AuditFilter } from "@/features/members/api/audit";
import { AuditTable } from "@/features/members/components/audit-table";
import { InvitingSection } from "@/features/members/components/inviting-section";
import { MembersSection } from "@/features/members/components/members-section";
import { TransferSection } from "@/features/members/components/transfer-section";
import { JoinPage } from "@/features/members/pages/join-page";
import { OrganisationPage } from "@/features/members/pages/organisation-page";
import { OrganisationsPage } from "@/features/members/pages/organisations-page";
import { repositoriesQuery } from "@/features/repos/api/repos";
import { RepositoryRow } from "@/features/repos/components/repository-row";
import { LinkButton, TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";

import { NotAllowed } from "./not-allowed";
import { useRepository } from "./repository-pages";

const organisationRoute = getRouteApi("/site/organisations/$organisation");
const joinRoute = getRouteApi("/own/join");
const auditRoute = getRouteApi("/own/audit");
const adminAuditRoute = getRouteApi("/own/admin/audit");

/** Who belongs to a repository; owners invite, and give it away. */
export function MembersRoute() {
  const { address, repository } = useRepository();
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  usePageTitle(`Members · ${address.owner}/${address.name}`);
  if (!repository) return null;
  if (!repository.role) return <NotAllowed title="Only members see this">Ask {repository.owner} to invite you.</NotAllowed>;
  const owns = repository.role === "owner";
  return (
    <Stack gap="lg" maw={820}>
      <MembersSection place={address} me={session?.account?.username} mayChange={owns} onLeft={() => void navigate({ to: "/dashboard" })} />
      {owns && <InvitingSection place={address} />}
      {owns && <TransferSection address={address} onMoved={({ owner, name }) => void navigate({ to: "/$owner/$name", params: { owner, name } })} />}
      {owns && <div><LinkButton to="/audit" search={{ repository: `${address.owner}/${address.name}` }} variant="default" size="xs">Audit log</LinkButton></div>}
    </Stack>
  );
}

export function OrganisationsRoute() {
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  return <OrganisationsPage mayCreate={session?.account?.role !== "reader"} onCreated={(organisation) => void navigate({ to: "/organisations/$organisation", params: { organisation } })} />;
}

export function OrganisationRoute() {
  const { organisation } = organisationRoute.useParams();
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  return (
    <OrganisationPage
      key={organisation}
      organisation={organisation}
      me={session?.account?.username}
      repositories={<Repositories owner={organisation} />}
      audit={<LinkButton to="/audit" search={{ owner: organisation }} variant="default" size="xs">Audit log</LinkButton>}
      onLeft={() => void navigate({ to: "/organisations" })}
    />
  );
}

function Repositories({ owner }: { owner: string }) {
  const { data } = useInfiniteQuery(repositoriesQuery({ owner }));
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Repositories" flush>
      {data && !items.length && <p className="body quiet">There is nothing here that you may see yet. Choose {owner} as the owner of a <TextLink to="/new">new model</TextLink>, or run <code>modelyard push --to {owner}/name</code>.</p>}
      <ul className="rows">{items.map((repository) => <RepositoryRow key={repository.id} repository={repository} />)}</ul>
    </Section>
  );
}

export function JoinRoute() {
  const { invitation = "" } = joinRoute.useSearch();
  const navigate = useNavigate();
  const joined = (repository: string | null, organisation: string | null) => {
    const [owner = "", name = ""] = (repository ?? "").split("/");
    void (organisation ? navigate({ to: "/organisations/$organisation", params: { organisation } }) : navigate({ to: "/$owner/$name", params: { owner, name } }));
  };
  return <JoinPage secret={invitation} onJoined={({ repository, organisation }) => joined(repository, organisation)} />;
}

export function AuditRoute() {
  const filter = auditRoute.useSearch();
  const navigate = useNavigate();
  usePageTitle("Audit log");
  return (
    <main className="page" id="main">
      <Title order={1} mb={14}>{filter.repository ?? filter.owner ?? "Audit log"}</Title>
      <AuditTable filter={filter} onFilter={(search: AuditFilter) => void navigate({ to: "/audit", search, replace: true })} />
    </main>
  );
}

export function AdminAuditRoute() {
  const filter = adminAuditRoute.useSearch();
  const navigate = useNavigate();
  usePageTitle("Audit log");
  return <AuditTable filter={filter} onFilter={(search: AuditFilter) => void navigate({ to: "/admin/audit", search, replace: true })} />;
}
