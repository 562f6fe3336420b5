import { Button, Table, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconArrowsSort } from "@tabler/icons-react";
import { useState } from "react";

import { formatNumber } from "@/lib/format";
import { WideTable } from "@/ui/wide-table";

const SHOWN = 100;

type Row = Record<string, unknown>;
type Order = { column: string; down: boolean } | null;

/** Records as a table that sorts by any column. */
export function RecordTable({ rows }: { rows: Row[] }) {
  const [order, setOrder] = useState<Order>(null);
  const [shown, setShown] = useState(SHOWN);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const sorted = order ? [...rows].sort((a, b) => compare(a[order.column], b[order.column]) * (order.down ? -1 : 1)) : rows;
  return (
    <>
      <WideTable label="Rows of the answer" minWidth={columns.length * 90} maxHeight={460} stickyHeader striped highlightOnHover verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column} aria-sort={order?.column === column ? (order.down ? "descending" : "ascending") : "none"}>
                <UnstyledButton fz="sm" fw={600} onClick={() => setOrder({ column, down: order?.column === column && !order.down })}>
                  {column} <SortIcon order={order} column={column} />
                </UnstyledButton>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.slice(0, shown).map((row, index) => (
            <Table.Tr key={index}>{columns.map((column) => <Table.Td key={column}>{cell(row[column])}</Table.Td>)}</Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
      {rows.length > shown && <Button size="compact-sm" variant="subtle" onClick={() => setShown(shown + 500)}>Show more of {rows.length} rows</Button>}
    </>
  );
}

function SortIcon({ order, column }: { order: Order; column: string }) {
  const Icon = order?.column !== column ? IconArrowsSort : order.down ? IconArrowDown : IconArrowUp;
  return <Icon size={12} aria-hidden />;
}

function cell(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" || typeof value === "boolean" ? String(value) : "";
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return cell(a).localeCompare(cell(b), undefined, { numeric: true });
}
