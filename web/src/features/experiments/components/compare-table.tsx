import { ActionIcon, Table, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp, IconPin, IconPinnedFilled, IconX } from "@tabler/icons-react";

import type { ComparedRun } from "@/client/types";
import { cellOf, cellText, columnName, isMetric, type Order } from "@/lib/experiment-table";
import { formatNumber, formatSeconds } from "@/lib/format";
import { TextLink } from "@/ui/links";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import classes from "./compare-table.module.css";

type Props = {
  rows: ComparedRun[];
  /** What each run is called, by its id. */
  names: Map<string, string>;
  columns: string[];
  order: Order | null;
  onOrder: (order: Order | null) => void;
  onPin: (runId: string | null) => void;
  onTake: (runId: string) => void;
  /** What else can be done with a run. */
  action: (row: ComparedRun, name: string) => React.ReactNode;
};

/** The runs of an experiment beside each other, as they are ordered. */
export function CompareTable({ rows, names, columns, order, onOrder, ...acts }: Props) {
  const sort = { order, onOrder };
  const withInputs = rows.some(({ inputs }) => Object.keys(inputs).length > 0);
  return (
    <Table.ScrollContainer minWidth={0} type="native" className={classes.frame} tabIndex={0} role="region" aria-label="Runs beside each other">
      <Table aria-label="Runs" horizontalSpacing="md" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Head column="started" title="Run" className={classes.name} {...sort} />
            {columns.map((column) => <Head key={column} column={column} title={columnName(column)} isNumber={isMetric(column)} {...sort} />)}
            {withInputs && <Table.Th>Inputs</Table.Th>}
            <Head column="took" title="Took" isNumber {...sort} />
            <Table.Th><span className="quiet">Actions</span></Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{rows.map((row) => <Row key={row.run.id} row={row} name={names.get(row.run.id) ?? row.run.id} columns={columns} withInputs={withInputs} {...acts} />)}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

type HeadProps = Pick<Props, "order" | "onOrder"> & { column: string; title: string; isNumber?: boolean; className?: string };

/** A column's name; a press sorts by it, up, down, and as before. */
function Head({ column, title, isNumber, className, order, onOrder }: HeadProps) {
  const now = order?.column === column ? (order.descending ? "descending" : "ascending") : "none";
  const Icon = { none: IconArrowsSort, ascending: IconArrowUp, descending: IconArrowDown }[now];
  return (
    <Table.Th className={className} ta={isNumber ? "right" : undefined} aria-sort={now}>
      <UnstyledButton className={classes.head} fz="inherit" aria-label={`Sort by ${title}`} onClick={() => onOrder(now === "descending" ? null : { column, descending: now === "ascending" })}>
        {title}<Icon size={13} aria-hidden opacity={now === "none" ? 0.45 : 1} />
      </UnstyledButton>
    </Table.Th>
  );
}

type RowProps = Pick<Props, "columns" | "onPin" | "onTake" | "action"> & { row: ComparedRun; name: string; withInputs: boolean };

function Row({ row, name, columns, withInputs, onPin, onTake, action }: RowProps) {
  const { run, inputs, seconds, is_pinned } = row;
  return (
    <Table.Tr className={is_pinned ? classes.pinned : undefined}>
      <Table.Td className={classes.name}>
        <TextLink underline="hover" to="/runs/$id" params={{ id: run.id }} fw={600} style={{ overflowWrap: "anywhere" }}>{name}</TextLink>
        <div style={{ display: "flex", flexWrap: "wrap", columnGap: 10 }}><StateBadge state={run.state} /><span className="quiet"><TimeAgo at={run.created_at} /></span></div>
      </Table.Td>
      {columns.map((column) => <Cell key={column} row={row} column={column} />)}
      {withInputs && <Table.Td className={classes.inputs}>{Object.entries(inputs).map(([input, source]) => <div key={input}><span className="quiet">{input}</span> {source}</div>)}</Table.Td>}
      <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>{seconds === null ? "—" : formatSeconds(seconds)}</Table.Td>
      <Table.Td>
        <div style={{ display: "flex", gap: 4, alignItems: "center" }}>
          <ActionIcon variant={is_pinned ? "light" : "subtle"} color={is_pinned ? undefined : "gray"} aria-pressed={is_pinned} aria-label={`Pin ${name} as the best`} title={is_pinned ? "Unpin it" : "Pin it as the best"} onClick={() => onPin(is_pinned ? null : run.id)}>
            {is_pinned ? <IconPinnedFilled size={17} /> : <IconPin size={17} />}
          </ActionIcon>
          {action(row, name)}
          <ActionIcon variant="subtle" color="gray" aria-label={`Take ${name} out`} title="Take it out of the experiment; the run stays" onClick={() => onTake(run.id)}><IconX size={17} /></ActionIcon>
        </div>
      </Table.Td>
    </Table.Tr>
  );
}

/** A metric by its last value; its range is told on hover. */
function Cell({ row, column }: { row: ComparedRun; column: string }) {
  const text = cellText(cellOf(row, column));
  const metric = isMetric(column) ? row.metrics[columnName(column)] : undefined;
  const title = metric ? `from ${formatNumber(metric.lowest)} to ${formatNumber(metric.highest)}` : text;
  return <Table.Td className={classes.value} ta={isMetric(column) ? "right" : undefined} title={title}>{text}</Table.Td>;
}
