import { Skeleton, Stack, Text } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import type { Address, Replica } from "@/client/types";
import { CopyButton } from "@/ui/copy-button";
import { EmptyState } from "@/ui/empty-state";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { deploymentQuery } from "../api/deployment";
import { Aliases } from "../components/aliases";
import { DeploymentLog } from "../components/deployment-log";
import { DeploymentSettings } from "../components/deployment-settings";
import { DeployForm } from "../components/deploy-form";
import { History } from "../components/history";

type Props = { address: Address; canWrite: boolean; versions: number[] };

/** How the model is served: which version answers, what runs, and its settings. */
export function DeploymentPage({ address, canWrite, versions }: Props) {
  usePageTitle(`Deployment · ${address.owner}/${address.name}`);
  const { data: deployment, error, refetch, isPending } = useQuery(deploymentQuery(address));
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Skeleton height={260} />;
  if (!deployment || !deployment.aliases.length)
    return (
      <div className="surface">
        <EmptyState icon={<IconRocket size={36} stroke={1.4} />} title="Not deployed yet" action={canWrite && versions.length > 0 && <DeployForm address={address} versions={versions} />}>
          {versions.length ? "A deployed version answers at an address of its own, starts on the first call and stops when idle." : "Once a version is ready it can be deployed here."}
        </EmptyState>
      </div>
    );
  const url = new URL(deployment.url, window.location.origin).href;
  return (
    <Stack gap="lg">
      <Section title="Serving" aside={<StateBadge state={deployment.wanted} />}>
        <Stack gap="sm">
          <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>{url} <CopyButton value={url} label="Copy the address" /></Text>
          {canWrite && <DeployForm address={address} versions={versions} deployment={deployment} />}
        </Stack>
      </Section>
      <Running replicas={deployment.running} keepWarm={deployment.keep_warm} />
      <Aliases address={address} deployment={deployment} versions={versions} canWrite={canWrite} />
      {canWrite && <DeploymentSettings key={JSON.stringify(deployment.callers)} address={address} deployment={deployment} />}
      {canWrite && <DeploymentLog address={address} running={deployment.running.length > 0} />}
      <History address={address} />
    </Stack>
  );
}

function Running({ replicas, keepWarm }: { replicas: Replica[]; keepWarm: boolean }) {
  return (
    <Section title="Running now" flush>
      {!replicas.length && <Text className="body" c="dimmed" size="sm">{keepWarm ? "Starting soon." : "Nothing: it starts on the first call. Settings can keep it warm."}</Text>}
      <ul className="rows">
        {replicas.map((replica) => (
          <li key={replica.id} className="row" style={{ flexWrap: "wrap", rowGap: 2 }}>
            <b style={{ width: 42 }}>v{replica.version}</b>
            <span style={{ width: 86 }}><StateBadge state={replica.state} /></span>
            <Text size="sm" flex="1 1 180px" c="dimmed">{replica.reason ?? (replica.isolation ? `isolation: ${replica.isolation}` : "")}</Text>
            <Text size="sm" c="dimmed">started <TimeAgo at={replica.started_at} /></Text>
          </li>
        ))}
      </ul>
    </Section>
  );
}
