import { getRouteApi, useNavigate } from "@tanstack/react-router";

import { ExperimentPage } from "@/features/experiments/pages/experiment-page";
import { ExperimentsPage } from "@/features/experiments/pages/experiments-page";

import { PromoteButton } from "../experiments/promote-button";

const one = getRouteApi("/own/experiments/$experimentId");

export function ExperimentsRoute() {
  const navigate = useNavigate();
  return <main className="page" id="main"><ExperimentsPage onMade={({ id }) => void navigate({ to: "/experiments/$experimentId", params: { experimentId: id } })} /></main>;
}

export function ExperimentRoute() {
  const { experimentId } = one.useParams();
  const { sort, desc, metric } = one.useSearch();
  const navigate = one.useNavigate();
  const view = { order: sort ? { column: sort, descending: desc ?? false } : null, metric };
  return (
    <main className="page" id="main">
      <ExperimentPage
        key={experimentId}
        id={experimentId}
        view={view}
        onView={(part) => {
          const { order, metric } = { ...view, ...part };
          void navigate({ search: { sort: order?.column, desc: order?.descending || undefined, metric }, replace: true, resetScroll: false });
        }}
        action={(row, name) => <PromoteButton experimentId={experimentId} row={row} name={name} />}
        onDeleted={() => navigate({ to: "/experiments" })}
      />
    </main>
  );
}
