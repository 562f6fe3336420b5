import { Progress, Stack, Text } from "@mantine/core";
import { IconServer } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import type { Runner } from "@/client/types";
import { formatBytes } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { Chip } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { runnersQuery } from "../api/runs";

/** The places where runs go, and how full they are, for administrators. */
export function RunnersPage() {
  usePageTitle("Runners");
  const { data, error, refetch } = useQuery(runnersQuery);
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  if (!data) return <div className="surface"><SkeletonRows count={2} /></div>;
  if (!data.length) return <div className="surface"><EmptyState icon={<IconServer size={36} stroke={1.4} />} title="No runner yet">The server&apos;s own runner stands here once it has started; look at Doctor if it does not.</EmptyState></div>;
  return <Stack gap="md">{data.map((runner) => <Place key={runner.id} runner={runner} />)}</Stack>;
}

function Place({ runner }: { runner: Runner }) {
  const { name, labels, cpus, memory_bytes, gpus, isolation, running, cpus_taken, memory_taken, seen_at } = runner;
  return (
    <Section title={name} aside={<Text size="sm" c="dimmed">{running === 1 ? "1 run" : `${running} runs`} · isolation {isolation} · seen <TimeAgo at={seen_at} /></Text>}>
      <Stack gap="xs">
        <Share what={`Cores of ${name}`} share={cpus_taken / cpus} text={`${round(cpus_taken)} of ${round(cpus)} cores taken`} />
        <Share what={`Memory of ${name}`} share={memory_taken / memory_bytes} text={`${formatBytes(memory_taken)} of ${formatBytes(memory_bytes)} of memory taken`} />
        {gpus > 0 && <Text size="sm">{gpus} GPUs</Text>}
        {labels.length > 0 && <div style={{ display: "flex", flexWrap: "wrap", gap: 6 }}>{labels.map((label) => <Chip key={label}>{label}</Chip>)}</div>}
      </Stack>
    </Section>
  );
}

function Share({ what, share, text }: { what: string; share: number; text: string }) {
  return <div><Text size="sm" mb={3}>{text}</Text><Progress size={6} value={100 * share} aria-label={what} /></div>;
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
