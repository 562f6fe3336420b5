import { Autocomplete, Group, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, InputField } from "@/client/types";
import { datasetFilesQuery } from "@/features/datasets/api/dataset";
import { searchQuery } from "@/features/repos/api/repos";
import { versionsQuery } from "@/features/versions/api/versions";
import type { Picked } from "@/lib/run-order";

export type SourceProps = { field: InputField; picked: Picked; onChange: (part: Partial<Picked>) => void; error?: string };

const NEWEST = "newest";

/** What opens stays within the page's landmarks, where screen readers find it. */
export const INLINE = { withinPortal: false };

/** A dataset found by its name, its version, and what of it. */
export function DatasetSource({ field, picked, onChange, error }: SourceProps) {
  const { dataset, version } = picked;
  const address = addressOf(dataset);
  const { search, setSearch, found } = useDatasets(dataset);
  const query = useInfiniteQuery({ ...versionsQuery(address), enabled: dataset !== "" });
  const ready = (query.data?.pages.flatMap((page) => page.items) ?? []).filter(({ state }) => state === "ready").map(({ number }) => number);
  const numbers = [...new Set([...ready, ...(version === null ? [] : [version])])];
  return (
    <Group gap="xs" align="flex-start">
      <Select
        comboboxProps={INLINE}
        openOnFocus={false}
        flex="1 1 200px"
        label="Dataset"
        placeholder="Search by name"
        searchable
        clearable
        clearButtonProps={{ "aria-label": `Clear the dataset of ${field.title}` }}
        required={field.required}
        withAsterisk={false}
        data={found}
        filter={({ options }) => options}
        nothingFoundMessage={search ? "No such dataset that you may read." : "Type a name."}
        searchValue={search}
        onSearchChange={setSearch}
        value={dataset || null}
        onChange={(value) => onChange({ dataset: value ?? "", version: null, path: "" })}
        error={error}
      />
      <Select
        comboboxProps={INLINE}
        openOnFocus={false}
        w={140}
        label="Version"
        allowDeselect={false}
        disabled={!dataset}
        data={[{ value: NEWEST, label: ready.length ? `newest (v${ready[0]})` : "newest" }, ...numbers.map((number) => ({ value: String(number), label: `v${number}` }))]}
        value={version === null ? NEWEST : String(version)}
        onChange={(value) => onChange({ version: value === null || value === NEWEST ? null : Number(value) })}
      />
      {dataset && <DatasetPath field={field} picked={picked} onChange={onChange} number={version ?? ready[0]} />}
    </Group>
  );
}

/** One file of it, or for inputs of many files a folder; suggestions come from what is there. */
function DatasetPath({ field, picked, onChange, number }: Omit<SourceProps, "error"> & { number: number | undefined }) {
  const [settled] = useDebouncedValue(picked.path, 150);
  const query = useInfiniteQuery({ ...datasetFilesQuery(addressOf(picked.dataset), number ?? 0, settled), enabled: number !== undefined, placeholderData: keepPreviousData });
  const paths = query.data?.pages[0]?.items.map(({ path }) => path) ?? [];
  return (
    <Autocomplete
      comboboxProps={INLINE}
      flex="1 1 200px"
      label={field.kind === "files" ? "Only this file or folder" : "File"}
      placeholder={field.kind === "files" ? "all of it" : "its one file"}
      data={field.kind === "files" ? [...foldersOf(paths), ...paths] : paths}
      filter={({ options }) => options}
      limit={30}
      value={picked.path}
      onChange={(path) => onChange({ path })}
    />
  );
}

/** What is found by what is typed; the one that is chosen stays among it. */
function useDatasets(chosen: string) {
  const [search, setSearch] = useState(chosen);
  const [settled] = useDebouncedValue(search.trim(), 150);
  const [owner, name] = settled.split("/", 2);
  const filter = settled === chosen ? {} : name === undefined ? { q: owner || undefined } : { owner: owner || undefined, q: name || undefined };
  const query = useInfiniteQuery({ ...searchQuery({ kind: "dataset", ...filter }, undefined, 10), placeholderData: keepPreviousData });
  const names = query.data?.pages[0]?.items.map((repository) => `${repository.owner}/${repository.name}`) ?? [];
  return { search, setSearch, found: [...new Set([...(chosen ? [chosen] : []), ...names])] };
}

function addressOf(dataset: string): Address {
  const [owner = "", name = ""] = dataset.split("/");
  return { owner, name };
}

function foldersOf(paths: string[]): string[] {
  const folders = paths.flatMap((path) => path.split("/").slice(0, -1).map((_, depth, parts) => `${parts.slice(0, depth + 1).join("/")}/`));
  return [...new Set(folders)];
}
