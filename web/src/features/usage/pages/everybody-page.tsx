import { Button, Group, NativeSelect } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { lastMonths } from "@/lib/usage";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { csvUrl, usageQuery } from "../api/usage";
import { UsageTable } from "../components/usage-table";

const EVERYBODY = "*";

/** What each account used; each leads to its own page, where its quotas are set. */
export function EverybodyPage() {
  usePageTitle("Usage of everybody");
  const [months] = useState(() => lastMonths(12, Date.now()));
  const [month, setMonth] = useState(months[0]?.value ?? "");
  const query = useQuery(usageQuery(EVERYBODY, month, "account"));
  return (
    <Section
      title="Usage by account"
      flush
      aside={
        <Group gap="xs">
          <NativeSelect size="xs" aria-label="Month" data={months} value={month} onChange={(e) => setMonth(e.currentTarget.value)} />
          <Button component="a" href={csvUrl(EVERYBODY, month)} download size="xs" variant="default" leftSection={<IconTable size={15} />}>CSV</Button>
        </Group>
      }
    >
      {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
      {query.isPending && <SkeletonRows count={4} />}
      {query.data && (
        <UsageTable
          lines={query.data.items}
          title="Account"
          rowOf={(line) => line.account ?? ""}
          show={(account) => (account ? <Link to="/usage" search={{ account, month }}>{account}</Link> : "gone")}
        />
      )}
    </Section>
  );
}
