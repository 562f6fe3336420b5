import { Progress, SimpleGrid, Text } from "@mantine/core";

import type { Quota, UsageLine } from "@/client/types";
import { formatUsage, usageKind } from "@/lib/usage";
import { Section } from "@/ui/section";

type Fact = { kind: string; used: number; quota: Quota | undefined };

/** What was used in the month; for the present one, what is left of it. */
export function Totals({ lines, quotas, isPresent }: { lines: UsageLine[]; quotas: Quota[]; isPresent: boolean }) {
  const facts: Fact[] = lines.map(({ kind, quantity }) => ({ kind, used: quantity, quota: quotas.find((quota) => quota.kind === kind) }));
  const others = quotas.filter(({ kind, limit, used }) => used !== null && !facts.some((fact) => fact.kind === kind) && (limit !== null || kind === "storage_bytes"));
  const shown = isPresent ? [...facts, ...others.map((quota) => ({ kind: quota.kind, used: quota.used ?? 0, quota }))] : facts;
  return (
    <Section title="Totals">
      {shown.length ? (
        <SimpleGrid component="ul" cols={{ base: 2, sm: 4 }} p={0} m={0} style={{ listStyle: "none" }}>
          {shown.map((fact) => <Total key={fact.kind} {...fact} quota={isPresent ? fact.quota : undefined} />)}
        </SimpleGrid>
      ) : (
        <Text c="dimmed" size="sm">Nothing was used.</Text>
      )}
    </Section>
  );
}

function Total({ kind, used, quota }: Fact) {
  const { label } = usageKind(kind);
  const limit = quota?.limit ?? null;
  return (
    <li>
      <Text size="sm" c="dimmed">{label}</Text>
      <Text fw={600} size="lg">{formatUsage(kind, used)}</Text>
      {quota && limit !== null && (
        <>
          <Progress aria-label={`${label}: share of the quota`} value={limit ? Math.min(100, (used / limit) * 100) : 100} size="sm" my={4} color={quota.left === 0 ? "red" : undefined} />
          <Text size="xs" c="dimmed">{formatUsage(kind, quota.left ?? 0)} left of {formatUsage(kind, limit)}</Text>
        </>
      )}
    </li>
  );
}
