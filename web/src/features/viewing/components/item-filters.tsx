import { Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";

import type { ItemSummary } from "@/client/types";

import type { ItemFilter } from "../api/items";

const UNLABELLED = "\u0000";
const PAUSE_MS = 250;

/** Which images are shown: by split, class and words of the path, each with how many there are. */
export function ItemFilters({ summary, filter, onFilter }: { summary: ItemSummary; filter: ItemFilter; onFilter: (filter: ItemFilter) => void }) {
  const splits = summary.splits.flatMap(({ split, count }) => (split === null ? [] : [{ value: split, label: `${split} (${count.toLocaleString("en")})` }]));
  const labels = summary.classes.map(({ label, count }) => ({ value: label ?? UNLABELLED, label: `${label ?? "no label"} (${count.toLocaleString("en")})` }));
  const choose = (value: string | null) => onFilter({ ...filter, label: value === null || value === UNLABELLED ? undefined : value, unlabelled: value === UNLABELLED || undefined });
  return (
    <>
      {splits.length > 0 && <Select w={160} size="sm" aria-label="Split" placeholder="All splits" clearable clearButtonProps={{ "aria-label": "All splits" }} data={splits} value={filter.split ?? null} onChange={(value) => onFilter({ ...filter, split: value ?? undefined })} />}
      <Select w={190} size="sm" aria-label="Class" placeholder="All classes" clearable clearButtonProps={{ "aria-label": "All classes" }} searchable limit={100} nothingFoundMessage="No such class" data={labels} value={filter.unlabelled ? UNLABELLED : (filter.label ?? null)} onChange={choose} />
      <PathInput key={filter.text === undefined ? "none" : "some"} text={filter.text ?? ""} onText={(text) => onFilter({ ...filter, text: text || undefined })} />
    </>
  );
}

/** Asks once nobody types any more. */
function PathInput({ text, onText }: { text: string; onText: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    if (typed.trim() === text) return undefined;
    const timer = setTimeout(() => onText(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onText]);
  return <TextInput flex={1} miw={160} size="sm" leftSection={<IconSearch size={16} />} placeholder="Part of a path" aria-label="Find images" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />;
}
