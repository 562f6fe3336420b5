import { Table } from "@mantine/core";

import { formatNumber } from "@/lib/format";
import type { Series } from "@/lib/run-feed";
import { Section } from "@/ui/section";
import { WideTable } from "@/ui/wide-table";

/** The last value of each metric. */
export function RunMetrics({ series }: { series: Series[] }) {
  return (
    <Section title="Metrics" flush>
      <WideTable label="Values of the metrics" minWidth={280} aria-label="Metrics" horizontalSpacing="md">
        <Table.Thead><Table.Tr><Table.Th>Metric</Table.Th><Table.Th ta="right">Last</Table.Th><Table.Th ta="right">Step</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {series.map(({ name, points }) => {
            const last = points.at(-1);
            return <Table.Tr key={name}><Table.Td>{name}</Table.Td><Table.Td ta="right">{last && formatNumber(last.value)}</Table.Td><Table.Td ta="right">{last?.step}</Table.Td></Table.Tr>;
          })}
        </Table.Tbody>
      </WideTable>
    </Section>
  );
}
