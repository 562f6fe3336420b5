import { ActionIcon, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";

import type { ColumnStatistics, TableColumn } from "@/client/types";
import { formatNumber, formatPercent } from "@/lib/format";

import type { TableQuery } from "../../api/source";
import classes from "./data-grid.module.css";
import { FilterButton } from "./filter-button";
import { Sparkline } from "./sparkline";

type Props = {
  column: TableColumn;
  /** Not known yet, or not to be had. */
  statistics: ColumnStatistics | undefined;
  rows: number | undefined;
  query: TableQuery;
  onChange: (changes: Partial<TableQuery>) => void;
};

/** A column's name and type, what it holds, and the ways to sort and filter by it. */
export function ColumnHeader({ column, statistics, rows, query, onChange }: Props) {
  const order = query.sort === column.name ? (query.descending ? "descending" : "ascending") : "none";
  const sort = () => onChange(order === "descending" ? { sort: null, descending: false } : { sort: column.name, descending: order === "ascending" });
  const Icon = { none: IconArrowsSort, ascending: IconArrowUp, descending: IconArrowDown }[order];
  return (
    <th scope="col" aria-sort={order}>
      <div className={classes.head}>
        <UnstyledButton className={`${classes.name} clip`} fz="inherit" onClick={sort} title={column.name}>{column.name}</UnstyledButton>
        <ActionIcon size="sm" variant={order === "none" ? "subtle" : "light"} color={order === "none" ? "gray" : undefined} aria-label={`Sort by ${column.name}`} onClick={sort}><Icon size={13} /></ActionIcon>
        <FilterButton column={column} filters={query.filters} onFilter={(filters) => onChange({ filters })} />
      </div>
      <div className={classes.about}>{column.type}{statistics && rows ? missing(statistics.missing, rows) : ""}</div>
      <div style={{ minHeight: 52 }}>{statistics && <Held of={statistics} />}</div>
    </th>
  );
}

function missing(count: number, rows: number): string {
  return count ? ` · ${formatPercent(count / rows)} missing` : "";
}

/** Bounds and distribution of numbers and times; the most frequent of other values. */
function Held({ of }: { of: ColumnStatistics }) {
  const distinct = `${of.distinct.toLocaleString("en")} different`;
  if (of.bins.length)
    return (
      <>
        <Sparkline bins={of.bins} label={`Distribution of ${of.name}`} />
        <div className={classes.about} title={`${distinct}${of.mean === null || of.mean === undefined ? "" : `, mean ${formatNumber(of.mean)}`}${of.std === null || of.std === undefined ? "" : `, standard deviation ${formatNumber(of.std)}`}`}>
          {short(of.min)} – {short(of.max)}{typeof of.mean === "number" ? ` · ⌀ ${formatNumber(Number(of.mean.toPrecision(4)))}` : ""}
        </div>
      </>
    );
  return (
    <>
      <div className={classes.about}>{distinct}</div>
      <div className={`${classes.about} ${classes.top} clip`} title={of.top.map(({ value, count }) => `${value}: ${count.toLocaleString("en")}`).join("\n")}>{of.top.slice(0, 3).map(({ value }) => value).join(", ")}</div>
    </>
  );
}

function short(value: ColumnStatistics["min"]): string {
  if (typeof value === "number") return formatNumber(Number(value.toPrecision(4)));
  return typeof value === "string" ? value.replace(/ 00:00:00$/, "") : "";
}
