import { Alert, Anchor, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCode, IconGitCompare, IconRotate } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Address, Repository, Version } from "@/client/types";
import { formatRange } from "@/lib/compare";
import { formatBytes, formatSeconds } from "@/lib/format";
import { CopyButton } from "@/ui/copy-button";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { LogView } from "@/ui/log-view";
import { notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { type BuildFeed, useBuildEvents } from "../api/build-events";
import { isMadeElsewhere, retryVersion, versionQuery, versionsQuery, versionUrl } from "../api/versions";
import { BuildStages } from "../components/build-stages";
import { DeleteVersion } from "../components/delete-version";
import { OperationBadges } from "../components/operation-badges";
import { PublishButton } from "../components/publish-button";
import { WeightsLabel } from "../components/weights-label";

type Props = { address: Address; kind: Repository["kind"]; number: number; canWrite: boolean; action: React.ReactNode; onDeleted: () => void };

/** One version: how it is made, live; what came of it; and what to do when it failed. */
export function VersionPage(props: Props) {
  const { address, number } = props;
  usePageTitle(`v${number} · ${address.owner}/${address.name}`);
  const { data: version, error, refetch } = useQuery({ ...versionQuery(address, number), enabled: Number.isInteger(number) });
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  if (version === null || !Number.isInteger(number))
    return <EmptyState icon={<IconAlertTriangle size={34} />} title="There is no such version">It may have been deleted.</EmptyState>;
  return version ? <Shown key={`${number} ${version.attempt}`} {...props} version={version} /> : <Skeleton height={320} />;
}

function Shown({ address, kind, version, canWrite, action, onDeleted }: Props & { version: Version }) {
  const feed = useBuildEvents(address, version);
  const { number, state } = version;
  const before = useBefore(address, number);
  const took = version.ready_at ? (Date.parse(version.ready_at) - Date.parse(version.created_at)) / 1000 : null;
  return (
    <Stack gap="md">
      <Group gap="sm">
        <Title order={2}>Version {number}</Title>
        <StateBadge state={state} />
        {version.operation && <OperationBadges operation={version.operation} />}
        <Text size="sm" c="dimmed">
          pushed {version.pushed_by && <>by {version.pushed_by} </>}<TimeAgo at={version.created_at} />
          {took !== null && ` · ready in ${formatSeconds(took)}`}
        </Text>
        <span className="grow" />
        {number > 1 && (
          <LinkButton to="/$owner/$name/compare/$range" params={{ ...address, range: formatRange({ base: before, head: number }) }} size="xs" variant="default" leftSection={<IconGitCompare size={15} />}>
            Compare with v{before}
          </LinkButton>
        )}
        {kind === "operation" && !isMadeElsewhere(version) && <LinkButton to="/$owner/$name/files/$" params={{ ...address, _splat: "" }} search={{ revision: state === "ready" ? `v${number}` : version.commit_id }} size="xs" variant="default" leftSection={<IconCode size={15} />}>See the code</LinkButton>}
        {state === "ready" && canWrite && version.operation && <PublishButton address={address} number={number} published={version.operation.published ?? true} />}
        {state === "ready" && action}
        {canWrite && <DeleteVersion address={address} kind={kind} number={number} onDeleted={onDeleted} />}
      </Group>
      {version.operation?.outdated && <Text size="sm" c="dimmed">The script has changed since: what runs here is not what main holds. Push it to make a new version.</Text>}
      {version.message && <Text>{version.message}</Text>}
      {state === "failed" && <Failure address={address} version={version} canWrite={canWrite} />}
      <BuildStages stages={feed.stages} />
      {(kind !== "dataset" || feed.lines.length > 0) && <BuildLog address={address} version={version} canWrite={canWrite} feed={feed} />}
      <Details address={address} version={version} />
    </Stack>
  );
}

function BuildLog({ address, version, canWrite, feed }: { address: Address; version: Version; canWrite: boolean; feed: BuildFeed }) {
  const { number, state } = version;
  const connecting = (state === "queued" || state === "building") && !feed.connected;
  const aside = (
    <Text size="sm" c="dimmed" role="status">
      {connecting && "connecting… "}
      <Anchor href={versionUrl(address, number, "log")} inherit target="_blank">as text</Anchor>
    </Text>
  );
  return (
    <Section title="Log" flush aside={aside}>
      <LogView lines={feed.lines.map(({ text }) => text)} label={`Build log of version ${number}`} empty={emptyLog(version, canWrite)} />
    </Section>
  );
}

/** The newest version before this one that is there: numbers of deleted versions are not used again. */
function useBefore(address: Address, number: number): number {
  const { data } = useInfiniteQuery(versionsQuery(address));
  const known = data?.pages.flatMap((page) => page.items.map((version) => version.number)) ?? [];
  return Math.max(...known.filter((other) => other < number), 0) || number - 1;
}

function emptyLog({ state }: Version, canWrite: boolean): string {
  if (!canWrite) return "Only the owner sees the log.";
  if (state === "queued") return "Waiting for a free place to build.";
  return state === "building" ? "Nothing logged yet." : "Nothing was logged.";
}

function Failure({ address, version, canWrite }: { address: Address; version: Version; canWrite: boolean }) {
  const queries = useQueryClient();
  const retrying = useMutation({
    mutationFn: () => retryVersion(address, version.number),
    onSuccess: (queued) => {
      queries.setQueryData(versionQuery(address, version.number).queryKey, queued);
      void queries.invalidateQueries(versionsQuery(address));
    },
    onError: (error) => notifyProblem(error, "It was not tried again"),
  });
  return (
    <Alert variant="default" icon={<IconAlertTriangle color="var(--bad)" />} title="This version could not be made" role="alert">
      <Text size="sm" style={{ whiteSpace: "pre-line" }}>{version.reason ?? "No reason was recorded; see the log."}</Text>
      {version.remedy && <Text size="sm" c="dimmed" style={{ whiteSpace: "pre-line" }}>{version.remedy}</Text>}
      {canWrite && <Button mt="xs" size="xs" variant="default" leftSection={<IconRotate size={14} />} loading={retrying.isPending} onClick={() => retrying.mutate()}>Retry</Button>}
    </Alert>
  );
}

function Details({ address, version }: { address: Address; version: Version }) {
  const rows: [string, React.ReactNode][] = [
    ["Commit", <span key="c" className="mono">{version.commit_id.slice(0, 12)} <CopyButton value={version.commit_id} label="Copy the commit" /></span>],
  ];
  if (version.target) rows.push(["Calls", <span key="t" className="mono">{version.target}</span>]);
  if (version.framework) rows.push(["Framework", version.framework]);
  if (version.weights) rows.push(["Weights", <WeightsLabel key="w" weights={version.weights} />]);
  if (version.notes.length) rows.push(["Notes", version.notes.map((note) => <Text key={note} size="sm">{note}</Text>)]);
  if (version.image && version.platforms.length) rows.push(["Platforms", version.platforms.join(", ")]);
  if (version.image) {
    const { digest, size } = version.image;
    rows.push(["Image", <span key="i" className="mono" style={{ overflowWrap: "anywhere" }}>{digest} <CopyButton value={digest} label="Copy the digest" /> <span className="quiet">{formatBytes(size)}</span></span>]);
    if (!isMadeElsewhere(version)) rows.push(["Lock", <Anchor key="l" href={versionUrl(address, version.number, "lock")} target="_blank" inherit>every package, pinned</Anchor>]);
  }
  return (
    <Section title="Details" flush>
      <dl style={{ margin: 0 }}>
        {rows.map(([term, value], index) => (
          <div key={term} className="row" style={{ paddingBlock: 7, borderTop: index ? "1px solid var(--line)" : undefined }}>
            <dt className="quiet" style={{ width: 90 }}>{term}</dt>
            <dd className="grow" style={{ margin: 0 }}>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
