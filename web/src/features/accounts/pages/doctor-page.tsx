import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { StateBadge } from "@/ui/state-badge";

import { doctorQuery } from "../api/administration";

/** What this machine can isolate, and what follows. */
export function DoctorPage() {
  usePageTitle("Doctor");
  const { data, error, refetch, isPending } = useQuery(doctorQuery);
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  const summary = data ? `engine ${data.engine} · isolation ${data.isolation}` : "";
  return (
    <Section title="Doctor" flush aside={<Text size="sm" c="dimmed">{summary}</Text>}>
      {isPending && <Text className="body" c="dimmed" role="status">Looking at this machine…</Text>}
      <ul className="rows">
        {data?.findings.map((finding) => (
          <li key={finding.what} className="row" style={{ alignItems: "baseline" }}>
            <div style={{ width: 76 }}><StateBadge state={finding.level} /></div>
            <div className="grow">
              <Text fw={600}>{finding.what}</Text>
              <Text size="sm">{finding.why}</Text>
              {finding.remedy && <Text size="sm" c="dimmed">{finding.remedy}</Text>}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
