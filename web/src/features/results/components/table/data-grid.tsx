import { formatNumber } from "@/lib/format";
import type { TableColumn, TablePage } from "@/client/types";
import { useQuery } from "@tanstack/react-query";

import { type ResultSource, statisticsQuery, type TableQuery } from "../../api/source";
import { ColumnHeader } from "./column-header";
import classes from "./data-grid.module.css";

type Props = {
  source: ResultSource;
  path: string;
  columns: TableColumn[];
  /** Where the first of `columns` is in the rows. */
  first: number;
  rows: TablePage["rows"];
  offset: number;
  query: TableQuery;
  onChange: (changes: Partial<TableQuery>) => void;
};

/** Rows below headers that stay in sight; scrolled in its own frame, reachable by keyboard. */
export function DataGrid({ source, path, columns, first, rows, offset, query, onChange }: Props) {
  const { data } = useQuery(statisticsQuery(source, path));
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard
    <div className={classes.frame} role="region" tabIndex={0} aria-label={`Rows of ${path}`}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col" className={classes.number}>#</th>
            {columns.map((column, index) => <ColumnHeader key={column.name} column={column} statistics={data?.columns[first + index]} rows={data?.rows} query={query} onChange={onChange} />)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={offset + index}>
              <th scope="row" className={classes.number}>{(offset + index + 1).toLocaleString("en")}</th>
              {columns.map((column, place) => <Cell key={column.name} value={row[first + place] ?? null} isNumber={column.type === "integer" || column.type === "number"} />)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ value, isNumber }: { value: TablePage["rows"][number][number]; isNumber: boolean }) {
  if (value === null) return <td className={classes.missing}><span aria-label="missing">–</span></td>;
  const text = typeof value === "number" && !Number.isInteger(value) ? formatNumber(value) : String(value);
  return <td data-number={isNumber || undefined} title={text.length > 40 ? text : typeof value === "number" ? String(value) : undefined}><span className={classes.text}>{text}</span></td>;
}
