import { Alert, Progress, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { ProblemError } from "@/client/problem";
import type { Run } from "@/client/types";
import { prettyJson } from "@/lib/json";
import type { Series } from "@/lib/run-feed";
import { isUnderWay } from "@/lib/run-state";
import { CodeBlock } from "@/ui/code-block";
import { CopyButton } from "@/ui/copy-button";
import { EmptyState } from "@/ui/empty-state";
import { TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { runQuery } from "../api/runs";
import { useRunFeed } from "../api/use-run-feed";
import { RunAttempts } from "../components/run-attempts";
import { RunLog } from "../components/run-log";
import { RunOrigin } from "../components/run-origin";
import { Duration, RunState } from "../components/run-state";

/** What other features add to a run's page. */
export type RunParts = {
  actions: (run: Run) => React.ReactNode;
  /** What it reported so far. */
  metrics: (series: Series[]) => React.ReactNode;
  /** What it left, once it has ended. */
  outputs: (run: Run) => React.ReactNode;
  /** Beside where the run comes from: doing it again. */
  again: (run: Run) => React.ReactNode;
  /** How it compares to the run that it does again. */
  comparison: (run: Run) => React.ReactNode;
};

/** A run from the queue to its results, live. */
export function RunPage({ id, parts }: { id: string; parts: RunParts }) {
  const { data: run, error, refetch } = useQuery(runQuery(id));
  usePageTitle(run ? `${run.title || run.repository} · Run` : "Run");
  if (run === null || (error instanceof ProblemError && error.status === 422))
    return <EmptyState whole icon={<IconAlertTriangle size={34} />} title="There is no such run">It was deleted, or belongs to somebody else.</EmptyState>;
  if (run) return <Shown key={run.id} run={run} parts={parts} />;
  return error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : <Skeleton height={320} />;
}

function Shown({ run, parts }: { run: Run; parts: RunParts }) {
  const feed = useRunFeed(run.id);
  return (
    <Stack gap="md">
      <Head run={run} actions={parts.actions(run)} />
      {feed.gone && <ProblemAlert error={new ProblemError(feed.gone)} />}
      <Standing run={run} />
      {parts.comparison(run)}
      {run.result && <Section title="Result"><CodeBlock label="What the run reported" text={prettyJson(run.result)} /></Section>}
      {feed.series.length > 0 && parts.metrics(feed.series)}
      {!isUnderWay(run) && parts.outputs(run)}
      <RunLog id={run.id} lines={feed.lines} empty={emptyLog(run)} connecting={!feed.connected && !feed.over} />
      <RunOrigin run={run}>{parts.again(run)}</RunOrigin>
      <RunAttempts run={run} />
    </Stack>
  );
}

function Head({ run, actions }: { run: Run; actions: React.ReactNode }) {
  return (
    <div style={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 12 }}>
      <Title order={1} style={{ overflowWrap: "anywhere" }}>{run.title || <Place run={run} />}</Title>
      <span role="status"><RunState state={run.state} /></span>
      <Text size="sm" c="dimmed">
        {run.title && <><Place run={run} /> · </>}asked for {run.account && <>by {run.account} </>}<TimeAgo at={run.created_at} />
        {run.started_at && <> · {isUnderWay(run) ? "for" : "took"} <Duration run={run} /></>} <CopyButton value={run.id} label="Copy the run's id" />
      </Text>
      <span className="grow" />
      {actions}
    </div>
  );
}

/** What was run; it may be gone. */
function Place({ run: { repository, repository_id, version } }: { run: Run }) {
  const [owner = "", name = ""] = repository.split("/");
  const words = `${repository} v${version}`;
  return repository_id ? <TextLink to="/$owner/$name" params={{ owner, name }} inherit>{words}</TextLink> : words;
}

/** How far it is, or why it failed; what it waits for while nothing moves. */
function Standing({ run }: { run: Run }) {
  const { state, progress, progress_text, reason, exit_code, cancelled, attempt, max_attempts = 1 } = run;
  if (state === "failed")
    return (
      <Alert variant="default" icon={<IconAlertTriangle color="var(--bad)" />} title="This run failed" role="alert">
        <Text size="sm" style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>{reason ?? `Its program ended with exit code ${exit_code ?? "unknown"}; the log says more.`}</Text>
        {reason && exit_code !== null && <Text size="sm" c="dimmed">Exit code {exit_code}; the log says more.</Text>}
      </Alert>
    );
  if (!isUnderWay(run)) return null;
  const percent = progress === null ? null : Math.floor(100 * progress);
  return (
    <div>
      <Text size="sm" mb={4}>{cancelled ? "Its end was asked for; it has a moment to stop by itself." : waitsFor(run, percent, progress_text)}{attempt > 1 && ` Attempt ${attempt} of ${max_attempts}.`}</Text>
      <Progress value={percent ?? 0} size={8} aria-label="Progress of the run" />
    </div>
  );
}

function waitsFor({ state, reason }: Run, percent: number | null, text: string | null): string {
  if (state === "queued") return reason ?? "In the queue: it starts as soon as a runner has room for it.";
  if (state === "starting") return "Its inputs are laid out and its container is started.";
  if (state === "finishing") return "What it left is being kept.";
  return percent === null ? "It runs, and has not said yet how far it is." : `${percent} % ${text ?? ""}`.trim();
}

function emptyLog({ state }: Run): string {
  if (state === "queued" || state === "starting") return "Nothing yet: it has not begun.";
  return state === "running" ? "Nothing logged yet." : "Nothing was logged.";
}
