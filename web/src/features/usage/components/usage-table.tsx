import { Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { UsageLine } from "@/client/types";
import { formatUsage, USAGE_KINDS, usageKind } from "@/lib/usage";
import { WideTable } from "@/ui/wide-table";

type Props = {
  lines: UsageLine[];
  title: string;
  /** What the lines are put together by. */
  rowOf: (line: UsageLine) => string;
  show: (key: string, line: UsageLine) => ReactNode;
};

/** One row for what was used by whatever, one column for each kind that was. */
export function UsageTable({ lines, title, rowOf, show }: Props) {
  const kinds = USAGE_KINDS.filter((kind) => lines.some((line) => line.kind === kind));
  const rows = new Map<string, UsageLine[]>();
  for (const line of lines) rows.set(rowOf(line), [...(rows.get(rowOf(line)) ?? []), line]);
  if (!rows.size) return <Text className="body" c="dimmed" size="sm">Nothing was used.</Text>;
  return (
    <WideTable label={`All amounts by ${title.toLowerCase()}`} minWidth={200 + kinds.length * 110} verticalSpacing={8} horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr><Table.Th>{title}</Table.Th>{kinds.map((kind) => <Table.Th key={kind} ta="right">{usageKind(kind).label}</Table.Th>)}</Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {[...rows].map(([key, own]) => (
          <Table.Tr key={key}>
            <Table.Td>{own[0] && show(key, own[0])}</Table.Td>
            {kinds.map((kind) => <Cell key={kind} line={own.find((line) => line.kind === kind)} />)}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

function Cell({ line }: { line: UsageLine | undefined }) {
  return <Table.Td ta="right">{line && formatUsage(line.kind, line.quantity)}</Table.Td>;
}
