import { Autocomplete, Group, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";

import { outputsQuery } from "@/features/results/api/run-results";
import { runsQuery } from "@/features/runs/api/runs";
import { formatAgo } from "@/lib/format";

import { INLINE, type SourceProps } from "./dataset-source";

const OFFERED = 50;

/** What an earlier run of one's own left: all of it, or one file. */
export function RunSource({ field, picked, onChange, error }: SourceProps) {
  const { run, runPath } = picked;
  const query = useInfiniteQuery(runsQuery({ state: "succeeded" }, OFFERED));
  const outputs = useInfiniteQuery({ ...outputsQuery(run), enabled: run !== "" });
  const runs = query.data?.pages.flatMap((page) => page.items) ?? [];
  const options = runs.map(({ id, title, repository, version, created_at }) => ({ value: id, label: `${title || `${repository} v${version}`} · ${formatAgo(created_at, query.dataUpdatedAt)} · ${id.slice(-6)}` }));
  const known = options.some(({ value }) => value === run) || !run ? options : [{ value: run, label: `run ${run}` }, ...options];
  return (
    <Group gap="xs" align="flex-start">
      <Select comboboxProps={INLINE} openOnFocus={false} flex="1 1 220px" label="Run" placeholder="Choose a run" searchable data={known} value={run || null} onChange={(value) => onChange({ run: value ?? "", runPath: "" })} nothingFoundMessage="No run of yours has succeeded yet." error={error} />
      {run && (
        <Autocomplete
          comboboxProps={INLINE}
          flex="1 1 200px"
          label={field.kind === "files" ? "Only this file or folder" : "File"}
          placeholder={field.kind === "files" ? "all that it left" : "its one file"}
          data={outputs.data?.pages.flatMap((page) => page.items.map(({ path }) => path)) ?? []}
          value={runPath}
          onChange={(path) => onChange({ runPath: path })}
        />
      )}
    </Group>
  );
}
