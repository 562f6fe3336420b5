import { getRouteApi } from "@tanstack/react-router";

import { ResultsPage } from "@/features/results/pages/results-page";

const results = getRouteApi("/own/runs/$runId/results");

export function ResultsRoute() {
  const { runId } = results.useParams();
  return <main className="page" id="main"><ResultsPage key={runId} runId={runId} /></main>;
}
