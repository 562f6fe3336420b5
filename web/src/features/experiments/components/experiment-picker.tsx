import { Select, type SelectProps } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { problemOf } from "@/client/problem";

import { createExperiment, experimentsQuery } from "../api/experiments";

const OFFERED = 200;
const NEW = "new";

type Props = Omit<SelectProps, "value" | "onChange" | "data" | "searchValue" | "onSearchChange"> & {
  /** The id of the chosen one; empty for none. */
  value: string;
  onChange: (id: string) => void;
};

/** One of one's own experiments; one with a new name is made as soon as it is chosen. */
export function ExperimentPicker({ value, onChange, error, disabled, ...select }: Props) {
  const queries = useQueryClient();
  const [search, setSearch] = useState("");
  const query = useInfiniteQuery(experimentsQuery(OFFERED));
  const known = query.data?.pages.flatMap((page) => page.items.map(({ id, name }) => ({ value: id, label: name }))) ?? [];
  const making = useMutation({
    mutationFn: (name: string) => createExperiment({ name, description: "" }),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ["experiments", "list"] });
      onChange(id);
    },
  });
  const name = search.trim();
  const isNew = query.isSuccess && name !== "" && !known.some(({ label }) => label === name);
  const gone = query.isSuccess && value !== "" && !known.some((one) => one.value === value) ? [{ value, label: `experiment ${value.slice(-6)}` }] : [];
  const problem = making.error && problemOf(making.error);
  return (
    <Select
      comboboxProps={{ withinPortal: false }}
      openOnFocus={false}
      searchable
      clearable
      clearButtonProps={{ "aria-label": "Clear the experiment", "aria-hidden": false, tabIndex: 0 }}
      placeholder="Choose one, or type a new name"
      nothingFoundMessage={query.isPending ? "Loading…" : "None yet. Type the name of a new one."}
      {...select}
      data={[...known, ...gone, ...(isNew ? [{ value: NEW, label: `Make “${name}”` }] : [])]}
      searchValue={search}
      onSearchChange={setSearch}
      value={value || null}
      onChange={(chosen) => (chosen === NEW ? making.mutate(name) : onChange(chosen ?? ""))}
      disabled={disabled || making.isPending}
      error={problem ? `${problem.detail} ${problem.remedy}` : error}
    />
  );
}
