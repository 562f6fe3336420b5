import { Skeleton, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

import { metricsQuery } from "../api/run-results";
import { MetricsView } from "../components/metrics-view";
import { ResultsView } from "../components/results-view";

/** All that a run reported and left, with the whole width for it. */
export function ResultsPage({ runId }: { runId: string }) {
  usePageTitle("Results");
  const { data, error, refetch } = useQuery(metricsQuery(runId));
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={320} />;
  return (
    <Stack gap="md">
      <Title order={1}>Results</Title>
      {data.length > 0 && <MetricsView series={data} />}
      <ResultsView runId={runId} />
    </Stack>
  );
}
