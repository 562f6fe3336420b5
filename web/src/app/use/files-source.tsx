import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import type { Run } from "@/client/types";
import { type UploadItem, useUploads } from "@/features/content/api/use-uploads";
import { type UploadHandle, useUpload } from "@/features/content/api/use-upload";
import { DropZone } from "@/features/content/components/drop-zone";
import { FilesZone } from "@/features/content/components/files-zone";
import { runQuery } from "@/features/runs/api/runs";

import type { SourceProps } from "./dataset-source";

const ACCEPTED: Record<string, string> = { image: "image/*", table: ".csv,.tsv,.parquet,.jsonl,.json,.xlsx" };

type Props = SourceProps & {
  /** Where what was sent is kept over a reload. */
  storageKey: string;
};

/** Files of one's own, sent as soon as they are chosen. */
export function FilesSource(props: Props) {
  return props.field.kind === "files" ? <ManyFiles {...props} /> : <OneFile {...props} />;
}

function ManyFiles(props: Props) {
  const { field, onChange, error, storageKey } = props;
  const uploads = useUploads(storageKey);
  useTold(uploads.items, ({ length }) => length > 0, (items) => onChange(toldOf(items)));
  return (
    <>
      <FilesZone label={field.title} hint="Drop files or folders here, or choose them" uploads={uploads} error={error} optional={!field.required} />
      {!uploads.items.length && <Earlier {...props} />}
    </>
  );
}

function OneFile(props: Props) {
  const { field, onChange, error, storageKey } = props;
  const upload = useUpload(storageKey);
  useTold(upload.state, ({ phase }) => phase !== "empty", (state) => onChange(stateOf(state)));
  return (
    <>
      <DropZone label={field.title} hint="Drop a file here, or choose it" accept={ACCEPTED[field.kind] ?? ""} required={field.required} upload={upload} error={error} />
      {upload.state.phase === "empty" && <Earlier {...props} />}
    </>
  );
}

/** What an earlier run was given is given again, as long as nothing else is chosen. */
function Earlier({ field, picked: { uploads, held }, onChange, error }: Props) {
  const { data: run } = useQuery({ ...runQuery(held?.run ?? ""), enabled: Boolean(held) });
  if (!uploads.length && !held) return null;
  const isGone = Boolean(held) && run === null;
  const names = uploads.slice(0, 3).map(({ path }) => path || "one file").join(", ");
  const before = held ? sourceOf(run, held.input) : `${names}${uploads.length > 3 ? ` and ${uploads.length - 3} more` : ""}`;
  const told = isGone ? "What it was given before is gone with that run: choose it again." : `As before: ${before}. Choose ${field.kind === "files" ? "others to replace them" : "another to replace it"}.`;
  return (
    <Group gap="xs" mt={6}>
      {!error && <Text size="sm" c={isGone ? "var(--mantine-color-error)" : "dimmed"} role={isGone ? "alert" : undefined}>{told}</Text>}
      <Button size="compact-sm" variant="default" onClick={() => onChange({ uploads: [], held: null, waiting: 0 })}>Remove</Button>
    </Group>
  );
}

/** The names of what was uploaded for a run, as it tells where an input comes from. */
function sourceOf(run: Run | null | undefined, input: string): string {
  const source = run?.inputs?.find(({ name }) => name === input)?.source;
  return source?.replace(/^upload /, "") ?? "the same files";
}

/** Tells what changed; what was there before is not taken away by a place that is still empty. */
function useTold<Held>(held: Held, isFilled: (held: Held) => boolean, tell: (held: Held) => void): void {
  const wasFilled = useRef(false);
  useEffect(() => {
    if (!isFilled(held) && !wasFilled.current) return;
    wasFilled.current = true;
    tell(held);
    // Only what is held counts: the functions are made anew with each drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [held]);
}

function toldOf(items: UploadItem[]) {
  const uploads = items.flatMap(({ uploadId, path }) => (uploadId ? [{ upload: uploadId, path }] : []));
  return { uploads, waiting: items.length - uploads.length };
}

function stateOf(state: UploadHandle["state"]) {
  if (state.phase === "done") return { uploads: [{ upload: state.uploadId, path: state.fileName }], waiting: 0 };
  return { uploads: [], waiting: state.phase === "empty" ? 0 : 1 };
}
