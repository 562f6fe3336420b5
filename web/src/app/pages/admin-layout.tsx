import { Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";

import { sessionQuery } from "@/features/accounts/api/session";
import { LinkButton } from "@/ui/links";

import { NotAllowed } from "./not-allowed";

/** Administration: accounts, invitations, everybody's runs and where they go, what everybody uses, and what this machine can do. */
export function AdminLayout() {
  const { data: session } = useQuery(sessionQuery);
  if (session && session.account?.role !== "administrator")
    return (
      <main className="page" data-narrow id="main">
        <NotAllowed whole title="Only administrators may do this" action={<LinkButton to="/dashboard" variant="default">Dashboard</LinkButton>}>Ask an administrator of this site.</NotAllowed>
      </main>
    );
  return (
    <main className="page" id="main">
      <Title order={1}>Administration</Title>
      <nav className="tabs" aria-label="Administration" style={{ margin: "10px 0 18px" }}>
        <Link to="/admin" className="tab" activeOptions={{ exact: true }}>Accounts</Link>
        <Link to="/admin/invitations" className="tab">Invitations</Link>
        <Link to="/admin/usage" className="tab">Usage</Link>
        <Link to="/admin/runs" className="tab">Runs</Link>
        <Link to="/admin/runners" className="tab">Runners</Link>
        <Link to="/admin/audit" className="tab">Audit</Link>
        <Link to="/admin/doctor" className="tab">Doctor</Link>
      </nav>
      <Outlet />
    </main>
  );
}
