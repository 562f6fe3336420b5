import { Button, Group, Text } from "@mantine/core";
import { useEffect, useRef } from "react";

import { type UploadItem, useUploads } from "@/features/content/api/use-uploads";
import { type UploadHandle, useUpload } from "@/features/content/api/use-upload";
import { DropZone } from "@/features/content/components/drop-zone";
import { FilesZone } from "@/features/content/components/files-zone";

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
  if (!uploads.length && !held) return null;
  const names = uploads.slice(0, 3).map(({ path }) => path || "one file").join(", ");
  const told = held ? `what that run was given as ${held.input}` : `${names}${uploads.length > 3 ? ` and ${uploads.length - 3} more` : ""}`;
  return (
    <Group gap="xs" mt={6}>
      {!error && <Text size="sm" c="dimmed">As before: {told}. Choose {field.kind === "files" ? "others" : "another"} to replace {field.kind === "files" ? "them" : "it"}.</Text>}
      <Button size="compact-sm" variant="default" onClick={() => onChange({ uploads: [], held: null, waiting: 0 })}>Remove</Button>
    </Group>
  );
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
