import { VisuallyHidden } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";

import { sessionQuery } from "@/features/accounts/api/session";
import { LinkButton, TextLink } from "@/ui/links";

import { LateAccountMenu } from "./account-button";

const SearchDialog = lazy(() => import("./search-dialog"));

/** The frame of every page: the header, the page, and where it says what it waits for. */
export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  const account = session?.account;
  const mayCreate = account && account.role !== "reader";
  return (
    <>
      <a className="skip" href="#main">Skip to the content</a>
      <header className="header">
        <div className="header-inner">
          <Link to="/" className="brand" aria-label="Modelyard, explore">
            <Mark />
            <span className="brand-name">Modelyard</span>
          </Link>
          <SearchButton />
          <nav aria-label="Main" style={{ marginLeft: "auto" }}>
            <Link to="/" className="nav-link wide-only" activeOptions={{ exact: true, includeSearch: false }}>Explore</Link>
            {account && <Link to="/dashboard" className="nav-link wide-only">Dashboard</Link>}
            {account && <Link to="/runs" className="nav-link wide-only">Runs</Link>}
            {account && <Link to="/experiments" className="nav-link wide-only">Experiments</Link>}
          </nav>
          {mayCreate && (
            <LinkButton to="/new" size="xs" leftSection={<IconPlus size={15} />} className="wide-only">New model</LinkButton>
          )}
          {session && !account && (
            <TextLink underline="hover" to="/sign-in" search={{}} fw={500} style={{ whiteSpace: "nowrap" }}>Sign in</TextLink>
          )}
          <LateAccountMenu account={account ?? null} mayCreate={Boolean(mayCreate)} />
        </div>
      </header>
      <PageChange />
      <Outlet />
    </>
  );
}

function SearchButton() {
  const [opened, setOpened] = useState<boolean | null>(null);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey;
      if (!slash && !(event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      setOpened(true);
    };
    window.addEventListener("keydown", open);
    return () => window.removeEventListener("keydown", open);
  }, []);
  return (
    <>
      <button type="button" className="search" onClick={() => setOpened(true)} aria-label="Search" aria-keyshortcuts="/ Control+K">
        <IconSearch size={16} aria-hidden />
        <span className="wide-only">Search models and data</span>
        <kbd className="wide-only">/</kbd>
      </button>
      {opened !== null && (
        <Suspense>
          <SearchDialog opened={opened} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}

/** Tells screen readers that another page is shown, and sighted people that one is on its way. */
function PageChange() {
  const pending = useRouterState({ select: (state) => state.status === "pending" });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [title, setTitle] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setTitle(document.title), 300);
    return () => clearTimeout(timer);
  }, [path]);
  return (
    <>
      <div className="page-change" data-pending={pending || undefined} aria-hidden />
      <VisuallyHidden role="status">{title}</VisuallyHidden>
    </>
  );
}

function Mark() {
  return (
    <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="7" fill="#0f6b63" />
      <path d="M6 22.5V10l10 6 10-6v12.5" fill="none" stroke="#fff" strokeWidth="3" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
