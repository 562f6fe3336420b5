import { Title } from "@mantine/core";
import { Link, Outlet } from "@tanstack/react-router";

/** Administration: accounts, invitations, and what this machine can do. */
export function AdminLayout() {
  return (
    <main className="page" id="main">
      <Title order={1}>Administration</Title>
      <nav className="tabs" aria-label="Administration" style={{ margin: "10px 0 18px" }}>
        <Link to="/admin" className="tab" activeOptions={{ exact: true }}>Accounts</Link>
        <Link to="/admin/invitations" className="tab">Invitations</Link>
        <Link to="/admin/doctor" className="tab">Doctor</Link>
      </nav>
      <Outlet />
    </main>
  );
}
