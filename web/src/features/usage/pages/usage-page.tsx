import { Button, Group, NativeSelect, Stack, Text, Title } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { UsageLine } from "@/client/types";
import { lastMonths } from "@/lib/usage";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { csvUrl, quotasQuery, usageQuery } from "../api/usage";
import { DayChart } from "../components/day-chart";
import { QuotaEditor } from "../components/quota-editor";
import { Totals } from "../components/totals";
import { UsageTable } from "../components/usage-table";

const MONTHS = 12;

type Props = {
  /** Whose; undefined for one's own. */
  account: string | undefined;
  month: string | undefined;
  onMonth: (month: string) => void;
  maySetQuotas: boolean;
};

/** What an account used in a month, of what, and what is left. */
export function UsagePage({ account, month: asked, onMonth, maySetQuotas }: Props) {
  usePageTitle("Usage");
  const [months] = useState(() => lastMonths(MONTHS, Date.now()));
  const present = months[0]?.value ?? "";
  const month = asked ?? present;
  const listed = months.some(({ value }) => value === month) ? months : [...months, { value: month, label: month }];
  return (
    <main className="page" id="main">
      <Group justify="space-between" align="center" mb={14}>
        <Title order={1}>{account ? `Usage of ${account}` : "Usage"}</Title>
        <Group gap="xs">
          <NativeSelect size="xs" aria-label="Month" data={listed} value={month} onChange={(e) => onMonth(e.currentTarget.value)} />
          <Button component="a" href={csvUrl(account, month)} download size="xs" variant="default" leftSection={<IconTable size={15} />}>CSV</Button>
        </Group>
      </Group>
      <Month key={`${account ?? ""} ${month}`} account={account} month={month} isPresent={month === present} maySetQuotas={maySetQuotas} />
    </main>
  );
}

function Month({ account, month, isPresent, maySetQuotas }: { account: string | undefined; month: string; isPresent: boolean; maySetQuotas: boolean }) {
  const totals = useQuery(usageQuery(account, month, "kind"));
  const days = useQuery(usageQuery(account, month, "day"));
  const repositories = useQuery(usageQuery(account, month, "repository"));
  const quotas = useQuery(quotasQuery(account));
  const failed = [totals, days, repositories, quotas].find(({ error }) => error);
  if (failed) return <ProblemAlert error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!totals.data || !days.data || !repositories.data || !quotas.data) return <div className="surface"><SkeletonRows count={6} /></div>;
  return (
    <Stack gap="lg">
      <Totals lines={totals.data.items} quotas={quotas.data.items} isPresent={isPresent} />
      <DayChart month={month} lines={days.data.items} />
      <Section title="By repository" flush>
        <UsageTable lines={repositories.data.items} title="Repository" rowOf={(line) => line.repository_id ?? ""} show={(_, line) => <RepositoryName line={line} />} />
      </Section>
      {maySetQuotas && <QuotaEditor key={JSON.stringify(quotas.data)} account={quotas.data.account} quotas={quotas.data.items} />}
      <Text size="sm" c="dimmed">Days and months are those of UTC. Storage is recorded once an hour, everything else within a minute.</Text>
    </Stack>
  );
}

function RepositoryName({ line: { repository, repository_id, deleted } }: { line: UsageLine }) {
  if (!repository_id) return <Text size="sm" c="dimmed">of none</Text>;
  if (deleted || !repository) return <Text size="sm">{repository ?? "unnamed"} <Text span c="dimmed">deleted</Text></Text>;
  const [owner = "", name = ""] = repository.split("/");
  return <Link to="/$owner/$name" params={{ owner, name }}>{repository}</Link>;
}
