import { Button, Group, Radio, Stack, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Repository } from "@/client/types";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";

import { changeRepository, repositoryQuery } from "../api/repos";
import { DeleteRepository } from "../components/delete-repository";
import { PictureChoice } from "../components/picture-choice";
import { VISIBILITY_CHOICES } from "../components/visibility";

type Props = { repository: Repository; send: (file: File) => Promise<string>; onRenamed: (name: string) => void; onDeleted: () => void };

/** What maintainers may change: words; and what owners may: who may see it, its name, deleting it. */
export function RepositorySettingsPage({ repository, send, onRenamed, onDeleted }: Props) {
  usePageTitle(`Settings · ${repository.owner}/${repository.name}`);
  return (
    <Stack gap="lg" maw={760}>
      <Section title="Picture"><PictureChoice repository={repository} send={send} /></Section>
      <Details repository={repository} onRenamed={onRenamed} />
      {repository.role === "owner" && <Deletion repository={repository} onDeleted={onDeleted} />}
    </Stack>
  );
}

function Details({ repository, onRenamed }: Pick<Props, "repository" | "onRenamed">) {
  const queries = useQueryClient();
  const { owner, name, title, description, tags, visibility } = repository;
  const owns = repository.role === "owner";
  const [input, setInput] = useState({ name, title, description, tags, visibility });
  const saving = useMutation({
    mutationFn: () => changeRepository({ owner, name }, { ...input, name: input.name === name ? undefined : input.name }),
    onSuccess: (changed) => {
      notifyDone("Saved.");
      queries.setQueryData(repositoryQuery({ owner, name: changed.name }).queryKey, changed);
      void queries.invalidateQueries({ queryKey: ["repos"] });
      if (changed.name !== name) onRenamed(changed.name);
    },
    onError: (error) => notifyProblem(error, "It was not saved"),
  });
  const errors = fieldProblems(saving.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Section title="Details">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput disabled={!owns} label="Name" description="Renaming changes the address; old addresses stop working." value={input.name} onChange={(e) => setInput({ ...input, name: e.currentTarget.value })} error={errors.name} required />
          <TextInput label="Title" value={input.title} onChange={(e) => setInput({ ...input, title: e.currentTarget.value })} error={errors.title} />
          <Textarea label="Description" description="Markdown. The card of a version wins over it." autosize minRows={2} maxRows={14} value={input.description} onChange={(e) => setInput({ ...input, description: e.currentTarget.value })} error={errors.description} />
          <TagsInput label="Tags" value={input.tags} onChange={(next) => setInput({ ...input, tags: next })} error={errors.tags} />
          <Radio.Group label="Who may see and use it" value={input.visibility} onChange={(next) => setInput({ ...input, visibility: next })}>
            <Stack gap={6} mt={6}>
              {VISIBILITY_CHOICES.map(({ value, label, meaning }) => <Radio key={value} disabled={!owns} value={value} label={label} description={meaning} />)}
            </Stack>
          </Radio.Group>
          <Group><Button type="submit" loading={saving.isPending}>Save</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}

function Deletion({ repository, onDeleted }: Pick<Props, "repository" | "onDeleted">) {
  const lost = repository.kind === "dataset" ? "All its versions and files go with it." : "All its versions, images, files and deployments go with it.";
  return (
    <Section title="Delete this repository">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" flex="1 1 300px">{lost} This cannot be undone.</Text>
        <DeleteRepository repository={repository} onDeleted={onDeleted} />
      </Group>
    </Section>
  );
}
