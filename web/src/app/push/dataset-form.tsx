import { Button, Checkbox, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { ProblemError, problemOf } from "@/client/problem";
import { useUploads } from "@/features/content/api/use-uploads";
import { FilesZone } from "@/features/content/components/files-zone";
import { createRepository } from "@/features/repos/api/repos";
import { createVersion, versionQuery, type VersionInput } from "@/features/versions/api/versions";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { type PushDraft, usePushDraft } from "./draft";
import { Naming } from "./naming";
import { placeProblems } from "./place-problems";

type Props = { owner: string; existing?: string };

/** A dataset from files or one zip, or its next version. Files are sent as soon as they are chosen. */
export function DatasetForm({ owner, existing }: Props) {
  const { draft, change, forget } = usePushDraft(`push-data:${owner}/${existing ?? ""}`);
  const uploads = useUploads();
  const [keep, setKeep] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { items } = uploads;
  const sent = items.flatMap(({ path, uploadId }) => (uploadId ? [{ path, upload: uploadId }] : []));
  const [only] = sent;
  const unpacks = items.length === 1 && /\.zip$/i.test(items[0]?.path ?? "");
  const pushing = useMutation({
    mutationFn: async () => {
      const name = existing ?? draft.name.trim();
      if (!existing && !draft.made) {
        await createRepository({ name, kind: "dataset", visibility: draft.visibility, title: draft.title.trim(), description: draft.description });
        change({ made: true });
      }
      const body: VersionInput = { ...(unpacks && only ? { archive: only.upload } : { files: sent }), keep, message: draft.message.trim() };
      return { name, version: await createVersion({ owner, name }, body, draft.key) };
    },
    onError: (error) => {
      // A refused push is another push once it is corrected; one whose answer was lost is still the same.
      if (error instanceof ProblemError && error.status !== 0) change({ key: crypto.randomUUID() });
    },
    onSuccess: async ({ name, version }) => {
      queries.setQueryData(versionQuery({ owner, name }, version.number).queryKey, version);
      void queries.invalidateQueries({ queryKey: ["versions", owner, name] });
      void queries.invalidateQueries({ queryKey: ["repos"] });
      uploads.clear();
      forget();
      await navigate({ to: "/$owner/$name/versions/$number", params: { owner, name, number: String(version.number) } });
    },
  });
  const problem = pushing.error ? problemOf(pushing.error) : null;
  const placed = problem ? placeProblems(problem, "files") : {};
  const pending = items.length - sent.length;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    pushing.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="lg">
        {problem && (Object.keys(placed).length ? <ProblemAlert brief error={pushing.error} title="This was not accepted; see below" /> : <ProblemAlert error={pushing.error} />)}
        {!existing && <Naming owner={owner} draft={draft} change={change} errors={placed} example={{ name: "flowers", title: "Flowers of the Alps" }} />}
        {!existing && <Textarea label="Description" description="Markdown; a README.md among the files says more." autosize minRows={2} maxRows={10} value={draft.description} onChange={(e) => change({ description: e.currentTarget.value })} error={placed.description} />}
        <Section title="Data">
          <FilesZone label="Files" hint="Drop files or one zip here, or choose them" uploads={uploads} error={placed.files} />
          {unpacks && <Text size="sm" c="dimmed" mt="xs">The zip is unpacked: its files become the dataset&apos;s.</Text>}
          {existing && <Checkbox mt="md" label="Keep the files that are there" description="Otherwise this version holds only what is above." checked={keep} onChange={(e) => setKeep(e.currentTarget.checked)} />}
        </Section>
        <TextInput label="Message" description="What is new in this version; optional." maxLength={2000} value={draft.message} onChange={(e) => change({ message: e.currentTarget.value })} error={placed.message} />
        <Group gap="md">
          <Button type="submit" leftSection={<IconUpload size={16} />} loading={pushing.isPending} disabled={!items.length || pending > 0 || (!existing && !draft.name.trim())}>Push</Button>
          <Text size="sm" c="dimmed" role="status">{waitingFor(draft, existing, items.length, pending)}</Text>
        </Group>
      </Stack>
    </form>
  );
}

function waitingFor(draft: PushDraft, existing: string | undefined, chosen: number, pending: number): string {
  if (!existing && !draft.name.trim()) return "Give it a name.";
  if (!chosen) return "Choose some files.";
  return pending ? `Waiting for ${pending === 1 ? "1 file" : `${pending} files`} to be sent.` : "";
}
