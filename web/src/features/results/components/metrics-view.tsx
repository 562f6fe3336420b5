import { SimpleGrid, Table, Text } from "@mantine/core";

import { formatNumber } from "@/lib/format";
import { Chart } from "@/ui/chart";
import { Section } from "@/ui/section";

type Series = { name: string; points: { step: number; value: number }[] };

/** Each metric over its steps; one that was reported once as a number. */
export function MetricsView({ series }: { series: Series[] }) {
  const single = series.filter(({ points }) => points.length <= 1);
  const lines = series.filter(({ points }) => points.length > 1);
  return (
    <>
      {single.length > 0 && (
        <Section title="Metrics" flush>
          <Table><Table.Tbody>{single.map(({ name, points }) => <Table.Tr key={name}><Table.Th scope="row" fw={500}>{name}</Table.Th><Table.Td ta="right" className="mono">{lastOf(points)}</Table.Td></Table.Tr>)}</Table.Tbody></Table>
        </Section>
      )}
      <SimpleGrid cols={{ base: 1, md: lines.length > 1 ? 2 : 1 }} spacing="md" mt={single.length > 0 && lines.length > 0 ? "md" : 0}>
        {lines.map((one) => (
          <Section key={one.name} title={one.name} aside={<Text size="sm" className="mono">{lastOf(one.points)}</Text>}>
            <Chart label={`${one.name} by step`} kind="line" xName="step" series={[{ name: one.name, points: one.points.map(({ step, value }): [number, number] => [step, value]) }]} />
          </Section>
        ))}
      </SimpleGrid>
    </>
  );
}

function lastOf(points: Series["points"]): string {
  const last = points.at(-1);
  return last ? formatNumber(last.value) : "";
}
