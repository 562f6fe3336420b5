import { Button, Checkbox, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";

import { problemOf } from "@/client/problem";
import { type UploadItem, useUploads } from "@/features/content/api/use-uploads";
import { FilesZone } from "@/features/content/components/files-zone";
import type { VersionInput } from "@/features/versions/api/versions";
import { topFolderOf } from "@/lib/top-folder";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { useProblemFocus } from "@/ui/use-problem-focus";

import { type PushDraft, usePushDraft } from "./draft";
import { Naming } from "./naming";
import { placeProblems } from "./place-problems";
import { usePush } from "./use-push";

/** `owner` is who is signed in, unless a repository exists. */
type Props = { owner: string; existing?: string };

/** A dataset from files, a folder or one zip, or its next version. Files are sent as soon as they are chosen. */
export function DatasetForm({ owner: holder, existing }: Props) {
  const key = `push-data:${holder}/${existing ?? ""}`;
  const held = usePushDraft(key);
  const { draft, change } = held;
  const owner = (!existing && draft.owner) || holder;
  const uploads = useUploads(`${key}:files`);
  const [keep, setKeep] = useState(false);
  const [stripping, setStripping] = useState(true);
  const { items } = uploads;
  const top = topFolderOf(items.map(({ path }) => path));
  // What is put beside files that are there goes where its folder says.
  const strip = top !== null && stripping && !keep ? top : null;
  const push = usePush({ owner, existing, kind: "dataset", held, contents: () => ({ ...contentsOf(items, strip), keep }), clear: uploads.clear });
  const form = useProblemFocus(push.error);
  const problem = push.error ? problemOf(push.error) : null;
  const placed = problem ? placeProblems(problem, "files") : {};
  const waiting = waitingFor(draft, existing, items);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    push.mutate();
  };
  return (
    <form ref={form} onSubmit={submit}>
      <Stack gap="lg">
        {problem && (Object.keys(placed).length ? <ProblemAlert brief error={push.error} title="This was not accepted; see below" /> : <ProblemAlert error={push.error} />)}
        {!existing && <Naming owner={owner} draft={draft} change={change} errors={placed} example={{ name: "flowers", title: "Flowers of the Alps" }} />}
        {!existing && <Textarea label="Description" description="Markdown; a README.md among the files says more." autosize minRows={2} maxRows={10} value={draft.description} onChange={(e) => change({ description: e.currentTarget.value })} error={placed.description} />}
        <Section title="Data">
          <FilesZone label="Files" hint="Drop files, folders or one zip here, or choose them" uploads={uploads} error={placed.files} />
          {isOneZip(items) && <Text size="sm" c="dimmed" mt="xs">The zip is unpacked: its files become the dataset&apos;s.</Text>}
          {top !== null && !keep && <Checkbox mt="md" label={<>Leave <code>{top}/</code> out of the paths</>} description="All of it lies in this folder; a README.md becomes the card only at the top." checked={stripping} onChange={(e) => setStripping(e.currentTarget.checked)} />}
          {existing && <Checkbox mt="md" label="Keep the files that are there" description="Otherwise this version holds only what is above." checked={keep} onChange={(e) => setKeep(e.currentTarget.checked)} />}
        </Section>
        <TextInput label="Message" description="What is new in this version; optional." maxLength={2000} value={draft.message} onChange={(e) => change({ message: e.currentTarget.value })} error={placed.message} />
        <Group gap="md">
          <Button type="submit" leftSection={<IconUpload size={16} />} loading={push.isPending} disabled={waiting !== ""}>Push</Button>
          <Text size="sm" c="dimmed" role="status">{waiting}</Text>
        </Group>
      </Stack>
    </form>
  );
}

function isOneZip(items: UploadItem[]): boolean {
  return items.length === 1 && /^[^/]+\.zip$/i.test(items[0]?.path ?? "");
}

/** One zip is unpacked by the server; other files lie where their paths say, without the folder `strip`. */
function contentsOf(items: UploadItem[], strip: string | null): VersionInput {
  const files = items.flatMap(({ path, uploadId }) => (uploadId ? [{ path: strip === null ? path : path.slice(strip.length + 1), upload: uploadId }] : []));
  return isOneZip(items) ? { archive: files[0]?.upload } : { files };
}

/** What is to be done before this can be pushed; empty when nothing is. */
function waitingFor(draft: PushDraft, existing: string | undefined, items: UploadItem[]): string {
  if (!existing && !draft.name.trim()) return "Give it a name.";
  if (!items.length) return "Choose some files.";
  const refused = items.filter(({ problem }) => problem).length;
  if (refused) return `${refused === 1 ? "1 file was" : `${refused} files were`} not stored: choose them again, or remove them.`;
  const pending = items.filter(({ uploadId }) => !uploadId).length;
  return pending ? `Waiting for ${pending === 1 ? "1 file" : `${pending} files`} to be sent.` : "";
}
