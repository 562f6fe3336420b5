import { SegmentedControl, Text } from "@mantine/core";

import type { InputField } from "@/client/types";
import { humanize } from "@/lib/format";
import { NOTHING, type Picked } from "@/lib/run-order";

import { DatasetSource } from "./dataset-source";
import { FilesSource } from "./files-source";
import { RunSource } from "./run-source";

const PLACES = [
  { value: "dataset", label: "Dataset" },
  { value: "files", label: "Your files" },
  { value: "run", label: "Earlier run" },
];
const KINDS: Record<string, string> = { file: "one file", image: "one image", table: "one table", files: "files" };

type Props = { field: InputField; picked: Picked | undefined; onChange: (change: (old: Picked) => Picked) => void; error?: string; storageKey: string };

/** An input of a run: from a dataset, from one's own files, or from what an earlier run left. */
export function InputChoice({ field: given, picked = NOTHING, onChange, error, storageKey }: Props) {
  const field = { ...given, title: given.title === given.name ? humanize(given.name) : given.title };
  const change = (part: Partial<Picked>) => onChange((old) => ({ ...old, ...part }));
  const props = { field, picked, onChange: change, error };
  return (
    <div role="group" aria-label={field.title}>
      <div style={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 8, marginBottom: 6 }}>
        <Text fw={600} component="span">{field.title}</Text>
        <Text size="sm" c="dimmed" component="span">{KINDS[field.kind]}{field.required ? "" : ", optional"}</Text>
        <span className="grow" />
        <SegmentedControl size="xs" aria-label={`Where ${field.title} comes from`} data={PLACES} value={picked.from} onChange={(from) => change({ from: from as Picked["from"] })} />
      </div>
      {field.description && <Text size="sm" c="dimmed" mb={6}>{field.description}</Text>}
      {picked.from === "dataset" && <DatasetSource {...props} />}
      {picked.from === "files" && <FilesSource {...props} storageKey={storageKey} />}
      {picked.from === "run" && <RunSource {...props} />}
    </div>
  );
}
