import { Table, Text } from "@mantine/core";

import type { Difference } from "@/lib/compare";

import { Section } from "./section";
import { StateBadge } from "./state-badge";
import { WideTable } from "./wide-table";

type Props = { title: string; column: string; differences: Difference[]; same: string; changed?: string };

/** What differs, by name, before and after. */
export function Differences({ title, column, differences, same, changed = "changed" }: Props) {
  return (
    <Section title={title} flush>
      {differences.length ? (
        <WideTable label={`Rows of ${title}`} minWidth={460} verticalSpacing={7} horizontalSpacing="md" layout="fixed">
          <Table.Thead><Table.Tr><Table.Th w={110}>What</Table.Th><Table.Th w="24%">{column}</Table.Th><Table.Th>Before</Table.Th><Table.Th>After</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>{differences.map((difference) => <Row key={difference.name} difference={difference} changed={changed} />)}</Table.Tbody>
        </WideTable>
      ) : (
        <Text size="sm" c="dimmed" p="md">{same}</Text>
      )}
    </Section>
  );
}

function Row({ difference: { name, before, after }, changed }: { difference: Difference; changed: string }) {
  const state = before === null ? "added" : after === null ? "removed" : changed;
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td><StateBadge state={state} /></Table.Td>
      <Table.Td className="mono" style={{ overflowWrap: "anywhere" }}>{name}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere", whiteSpace: "pre-line" }}>{before ?? <span className="quiet">—</span>}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere", whiteSpace: "pre-line" }}>{after ?? <span className="quiet">—</span>}</Table.Td>
    </Table.Tr>
  );
}
