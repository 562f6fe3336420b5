import { Group, Loader, Pagination, Skeleton, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ProblemAlert } from "@/ui/problem-alert";

import { isStillReading, type ResultSource, type TableFilter, type TableQuery, tableQuery } from "../../api/source";
import { ColumnWindow } from "./column-window";
import { DataGrid } from "./data-grid";
import { FilterPills } from "./filter-pills";

const ROWS = 100;
const COLUMNS = 30;
const START: TableQuery = { sort: null, descending: false, filters: [], offset: 0, limit: ROWS };

/** A table of any size: sorted, filtered and paged by the server, with what each column holds above it. */
export function TableView({ source, path }: { source: ResultSource; path: string }) {
  const [{ query, before }, setQueries] = useState({ query: START, before: START });
  const [first, setFirst] = useState(0);
  const found = useQuery({ ...tableQuery(source, path, query), placeholderData: keepPreviousData });
  const known = useQuery({ ...tableQuery(source, path, before), enabled: found.isError });
  const change = (changes: Partial<TableQuery>) => setQueries({ query: { ...query, offset: 0, ...changes }, before: found.isError ? before : query });
  const filter = (filters: TableFilter[]) => change({ filters });
  const page = found.data ?? known.data;
  if (!page && found.error) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  if (!page) return <FirstReading isLong={isStillReading(found.failureReason)} />;
  const columns = page.columns.slice(first, first + COLUMNS);
  return (
    <section className="surface" aria-label={path} aria-busy={found.isFetching}>
      <Group className="body" gap="xs" style={{ padding: "8px 12px", minHeight: 46 }}>
        <Text size="sm" c="dimmed" role="status">{words(page.offset, page.rows.length, page.total, query.filters.length > 0)}</Text>
        {found.isFetching && <Loader size={14} aria-label="Loading" />}
        <FilterPills filters={query.filters} onChange={filter} />
        {page.columns.length > COLUMNS && <ColumnWindow first={first} shown={COLUMNS} total={page.columns.length} onChange={setFirst} />}
      </Group>
      {found.error && <div style={{ padding: "0 12px 8px" }}><ProblemAlert error={found.error} /></div>}
      <DataGrid source={source} path={path} columns={columns} first={first} rows={page.rows} offset={page.offset} query={query} onChange={change} />
      <Pages total={page.total} offset={query.offset} onChange={(offset) => change({ offset })} />
    </section>
  );
}

function FirstReading({ isLong }: { isLong: boolean }) {
  return (
    <div aria-busy="true">
      <Skeleton height={260} />
      <Text size="sm" c="dimmed" mt="xs" role="status">{isLong ? "The table is read for the first time; a large one takes a while. It appears here by itself." : "Reading the table…"}</Text>
    </div>
  );
}

function Pages({ total, offset, onChange }: { total: number; offset: number; onChange: (offset: number) => void }) {
  const pages = Math.ceil(total / ROWS);
  if (pages <= 1) return null;
  const control = (name: "first" | "last" | "next" | "previous") => ({ "aria-label": `${name[0]?.toUpperCase()}${name.slice(1)} page` });
  return (
    <Group className="body" style={{ padding: "8px 12px" }}>
      <Pagination size="sm" total={pages} siblings={1} value={Math.floor(offset / ROWS) + 1} onChange={(number) => onChange((number - 1) * ROWS)} withEdges getControlProps={control} getItemProps={(number) => ({ "aria-label": `Page ${number}` })} aria-label="Pages" />
    </Group>
  );
}

function words(offset: number, shown: number, total: number, isFiltered: boolean): string {
  if (!total) return isFiltered ? "No row matches." : "The table has no rows.";
  const rows = `${(offset + 1).toLocaleString("en")}–${(offset + shown).toLocaleString("en")} of ${total.toLocaleString("en")}`;
  return `${rows} ${total === 1 ? "row" : "rows"}${isFiltered ? " that match" : ""}`;
}
