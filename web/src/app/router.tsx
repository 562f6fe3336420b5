import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";

import { sessionQuery } from "@/features/accounts/api/session";
import { readMonth } from "@/lib/usage";

import { queryClient } from "./client";
import { NotFoundPage, RouteProblem } from "./pages/problem-pages";
import { readData } from "./pages/data-filter";
import { readFilter } from "./pages/explore-filter";
import { readRuns, readState } from "./run-filter";
import { Shell } from "./shell";

type Context = { queryClient: QueryClient };

const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);

const root = createRootRouteWithContext<Context>()({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: RouteProblem,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: text(search.next) }),
  component: lazyRouteComponent(() => import("./pages/sign-in-pages"), "SignInRoute"),
});

const readInvitation = (search: Record<string, unknown>): { invitation?: string } => ({ invitation: text(search.invitation) });
const signUp = createRoute({ getParentRoute: () => root, path: "/sign-up", validateSearch: readInvitation, component: lazyRouteComponent(() => import("./pages/sign-in-pages"), "SignUpRoute") });

/** Pages that anyone may open, unless the site asks everybody to sign in. */
const site = createRoute({
  getParentRoute: () => root,
  id: "site",
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery).catch(() => null);
    if (session?.require_sign_in && !session.account) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

/** Pages of the person who is signed in. */
const own = createRoute({
  getParentRoute: () => root,
  id: "own",
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery).catch(() => null);
    if (session && !session.account) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

const home = createRoute({
  getParentRoute: () => site,
  path: "/",
  validateSearch: readFilter,
  component: lazyRouteComponent(() => import("./pages/home-page"), "HomePage"),
});

const dashboard = createRoute({ getParentRoute: () => own, path: "/dashboard", component: lazyRouteComponent(() => import("./pages/dashboard-page"), "DashboardPage") });

const pushPages = () => import("./pages/push-pages");
const newModel = createRoute({ getParentRoute: () => own, path: "/new", component: lazyRouteComponent(pushPages, "NewModelPage") });
const newDataset = createRoute({ getParentRoute: () => own, path: "/new/dataset", component: lazyRouteComponent(pushPages, "NewDatasetPage") });
const newOperation = createRoute({ getParentRoute: () => own, path: "/new/operation", component: lazyRouteComponent(pushPages, "NewOperationPage") });

const runPages = () => import("./pages/run-pages");
const runs = createRoute({
  getParentRoute: () => own,
  path: "/runs",
  validateSearch: readRuns,
  component: lazyRouteComponent(runPages, "RunsRoute"),
});

/** Results once had a page of their own; links to it lead to the run. */
const results = createRoute({
  getParentRoute: () => own,
  path: "/runs/$id/results",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/runs/$id", params, replace: true });
  },
});

const run = createRoute({ getParentRoute: () => own, path: "/runs/$id", component: lazyRouteComponent(runPages, "RunRoute") });

const experimentPages = () => import("./pages/experiment-pages");
const experiments = createRoute({ getParentRoute: () => own, path: "/experiments", component: lazyRouteComponent(experimentPages, "ExperimentsRoute") });
const experiment = createRoute({
  getParentRoute: () => own,
  path: "/experiments/$experimentId",
  validateSearch: (search: Record<string, unknown>): { sort?: string; desc?: boolean; metric?: string } => ({ sort: text(search.sort), desc: search.desc === true || undefined, metric: text(search.metric) }),
  component: lazyRouteComponent(experimentPages, "ExperimentRoute"),
});

const settings = createRoute({ getParentRoute: () => own, path: "/settings", component: lazyRouteComponent(() => import("./pages/account-pages"), "SettingsRoute") });

const usage = createRoute({
  getParentRoute: () => own,
  path: "/usage",
  validateSearch: (search: Record<string, unknown>): { account?: string; month?: string } => ({ account: text(search.account), month: readMonth(search.month) }),
  component: lazyRouteComponent(() => import("./pages/usage-pages"), "UsageRoute"),
});

const memberPages = () => import("./pages/member-pages");
const readAudit = (search: Record<string, unknown>): { owner?: string; repository?: string; actor?: string; action?: string } => ({
  owner: text(search.owner), repository: text(search.repository), actor: text(search.actor), action: text(search.action),
});
const organisations = createRoute({ getParentRoute: () => own, path: "/organisations", component: lazyRouteComponent(memberPages, "OrganisationsRoute") });
const join = createRoute({ getParentRoute: () => own, path: "/join", validateSearch: readInvitation, component: lazyRouteComponent(memberPages, "JoinRoute") });
const audit = createRoute({ getParentRoute: () => own, path: "/audit", validateSearch: readAudit, component: lazyRouteComponent(memberPages, "AuditRoute") });
const organisation = createRoute({ getParentRoute: () => site, path: "/organisations/$organisation", component: lazyRouteComponent(memberPages, "OrganisationRoute") });

const admin = createRoute({
  getParentRoute: () => own,
  path: "/admin",
  component: lazyRouteComponent(() => import("./pages/admin-layout"), "AdminLayout"),
});
const adminPages = [
  createRoute({
    getParentRoute: () => admin,
    path: "/",
    component: lazyRouteComponent(() => import("@/features/accounts/pages/accounts-page"), "AccountsPage"),
  }),
  createRoute({
    getParentRoute: () => admin,
    path: "/invitations",
    component: lazyRouteComponent(() => import("@/features/accounts/pages/invitations-page"), "InvitationsPage"),
  }),
  createRoute({
    getParentRoute: () => admin,
    path: "/usage",
    component: lazyRouteComponent(() => import("@/features/usage/pages/everybody-page"), "EverybodyPage"),
  }),
  createRoute({ getParentRoute: () => admin, path: "/runs", validateSearch: readRuns, component: lazyRouteComponent(runPages, "AllRunsRoute") }),
  createRoute({
    getParentRoute: () => admin,
    path: "/runners",
    component: lazyRouteComponent(() => import("@/features/runs/pages/runners-page"), "RunnersPage"),
  }),
  createRoute({ getParentRoute: () => admin, path: "/audit", validateSearch: readAudit, component: lazyRouteComponent(memberPages, "AdminAuditRoute") }),
  createRoute({
    getParentRoute: () => admin,
    path: "/doctor",
    component: lazyRouteComponent(() => import("@/features/accounts/pages/doctor-page"), "DoctorPage"),
  }),
] as const;

const owner = createRoute({
  getParentRoute: () => site,
  path: "/$owner",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/", search: { owner: params.owner } });
  },
});

const repository = createRoute({
  getParentRoute: () => site,
  path: "/$owner/$name",
  component: lazyRouteComponent(() => import("./pages/repository-layout"), "RepositoryLayout"),
});

const revised = (search: Record<string, unknown>): { revision?: string } => ({ revision: text(search.revision) });
const revisions = () => import("./pages/revision-pages");
const exchange = () => import("./pages/exchange-pages");
const pages = () => import("./pages/repository-pages");
const repositoryPages = [
  createRoute({ getParentRoute: () => repository, path: "/", component: lazyRouteComponent(pages, "OverviewRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/run", component: lazyRouteComponent(() => import("./pages/call-pages"), "RunRoute") }),
  createRoute({
    getParentRoute: () => repository,
    path: "/use",
    validateSearch: (search: Record<string, unknown>): { from?: string; version?: number } => ({ from: text(search.from), version: Number(search.version) || undefined }),
    component: lazyRouteComponent(() => import("./pages/order-pages"), "UseRoute"),
  }),
  createRoute({
    getParentRoute: () => repository,
    path: "/runs",
    validateSearch: readState,
    component: lazyRouteComponent(runPages, "RepositoryRunsRoute"),
  }),
  createRoute({ getParentRoute: () => repository, path: "/api", component: lazyRouteComponent(() => import("./pages/call-pages"), "ApiRoute") }),
  createRoute({
    getParentRoute: () => repository,
    path: "/files/$",
    validateSearch: revised,
    component: lazyRouteComponent(pages, "FilesRoute"),
  }),
  createRoute({ getParentRoute: () => repository, path: "/commits", validateSearch: revised, component: lazyRouteComponent(revisions, "CommitsRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/commits/$commit", component: lazyRouteComponent(revisions, "CommitRoute") }),
  createRoute({
    getParentRoute: () => repository,
    path: "/compare",
    validateSearch: (search: Record<string, unknown>): { base?: string; head?: string } => ({ base: text(search.base), head: text(search.head) }),
    component: lazyRouteComponent(revisions, "CompareRevisionsRoute"),
  }),
  createRoute({ getParentRoute: () => repository, path: "/edit/$", validateSearch: revised, component: lazyRouteComponent(revisions, "EditRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/new/$", validateSearch: revised, component: lazyRouteComponent(revisions, "NewFileRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/versions", component: lazyRouteComponent(pages, "VersionsRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/versions/$number", component: lazyRouteComponent(pages, "VersionRoute") }),
  createRoute({
    getParentRoute: () => repository,
    path: "/compare/$range",
    component: lazyRouteComponent(() => import("./pages/compare-page"), "CompareRoute"),
  }),
  createRoute({ getParentRoute: () => repository, path: "/deployment", component: lazyRouteComponent(pages, "DeploymentRoute") }),
  createRoute({
    getParentRoute: () => repository,
    path: "/feedback",
    validateSearch: (search: Record<string, unknown>): { write?: number } => ({ write: Number(search.write) || undefined }),
    component: lazyRouteComponent(exchange, "FeedbackRoute"),
  }),
  createRoute({ getParentRoute: () => repository, path: "/bundle", component: lazyRouteComponent(exchange, "BundleRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/data", validateSearch: readData, component: lazyRouteComponent(() => import("./pages/data-pages"), "DataRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/members", component: lazyRouteComponent(memberPages, "MembersRoute") }),
  createRoute({ getParentRoute: () => repository, path: "/settings", component: lazyRouteComponent(pages, "SettingsRoute") }),
  createRoute({
    getParentRoute: () => repository,
    path: "/push",
    component: lazyRouteComponent(() => import("./pages/push-pages"), "NewVersionPage"),
  }),
] as const;

const routeTree = root.addChildren([
  signIn,
  signUp,
  own.addChildren([dashboard, newModel, newDataset, newOperation, runs, run, results, experiments, experiment, settings, usage, organisations, join, audit, admin.addChildren([...adminPages])]),
  site.addChildren([home, organisation, owner, repository.addChildren([...repositoryPages])]),
]);

export const router = createRouter({
  routeTree,
  context: { queryClient },
  defaultPreload: "intent",
  defaultPreloadDelay: 80,
  scrollRestoration: true,
  defaultErrorComponent: RouteProblem,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
