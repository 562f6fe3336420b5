import { Autocomplete, Button, Group, Modal, MultiSelect, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import type { ComparedRun } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { promoteOutput } from "@/features/experiments/api/experiments";
import { repositoriesQuery } from "@/features/repos/api/repos";
import { outputsQuery } from "@/features/results/api/run-results";
import { promotable } from "@/lib/promotable";
import { fieldProblems } from "@/ui/field-problems";
import { ProblemAlert } from "@/ui/problem-alert";
import { useProblemFocus } from "@/ui/use-problem-focus";

import { useOnceKey } from "../use/use-once-key";

type Props = { experimentId: string; row: ComparedRun; name: string };

/** Makes what a run left the next version of a model. */
export function PromoteButton({ experimentId, row, name }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  if (row.run.state !== "succeeded") return null;
  const title = `Make a version of what ${name} left`;
  return (
    <>
      <Button size="compact-sm" variant="default" aria-label={title} onClick={open}>Make a version</Button>
      <Modal opened={opened} onClose={close} withCloseButton={false} centered size="lg" attributes={{ content: { "aria-label": title } }}>
        <Title order={2} size="h2" mb="sm">Make its output a version</Title>
        <PromoteForm experimentId={experimentId} runId={row.run.id} name={name} onClose={close} />
      </Modal>
    </>
  );
}

function PromoteForm({ experimentId, runId, name, onClose }: { experimentId: string; runId: string; name: string; onClose: () => void }) {
  const { data: session } = useQuery(sessionQuery);
  const username = session?.account?.username ?? "";
  const choice = usePaths(runId);
  const models = useOwnModels(username);
  const [model, setModel] = useState(`${username}/`);
  const [message, setMessage] = useState("");
  const promoting = usePromotion(experimentId);
  const place = useProblemFocus(promoting.error);
  const errors = fieldProblems(promoting.error);
  const isPlaced = Boolean(errors.paths ?? errors.model ?? errors.message);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    promoting.mutate({ run: runId, paths: choice.chosen, model: model.trim(), message: message.trim() });
  };
  return (
    <form ref={place} onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">Of what {name} left: a model’s file such as <code>model.onnx</code>, or a folder with <code>modelyard.yaml</code> or <code>MLmodel</code>. It is built like any push.</Text>
        {promoting.error && !isPlaced && <ProblemAlert error={promoting.error} />}
        <MultiSelect comboboxProps={INLINE} openOnFocus={false} label="Files" required withAsterisk={false} searchable placeholder={choice.chosen.length ? undefined : "Choose files or a folder"} nothingFoundMessage={choice.isPending ? "Loading…" : "It left no such file."} data={choice.offered} value={choice.chosen} onChange={choice.choose} error={errors.paths} />
        <Autocomplete comboboxProps={INLINE} openOnFocus={false} label="Model" description="Its next version; a new name makes a private repository of yours." required withAsterisk={false} placeholder={`${username}/name`} data={models} value={model} onChange={setModel} error={errors.model} />
        <TextInput label="Message" description="What is new; optional." maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} error={errors.message} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={promoting.isPending} disabled={!choice.chosen.length || !/^[^/\s]+\/[^/\s]+$/.test(model.trim())}>Make the version</Button>
        </Group>
      </Stack>
    </form>
  );
}

const INLINE = { withinPortal: false };

/** What can be chosen of a run's files; what looks like a model is chosen to begin with. */
function usePaths(runId: string) {
  const { data, isPending } = useInfiniteQuery(outputsQuery(runId));
  const [chosen, choose] = useState<string[] | null>(null);
  const { models, others } = promotable(data?.pages.flatMap((page) => page.items.map(({ path }) => path)) ?? []);
  const offered = [{ group: "Models", items: models }, { group: "Other files and folders", items: others }].filter(({ items }) => items.length);
  return { offered, isPending, chosen: chosen ?? models.slice(0, 1), choose };
}

function useOwnModels(owner: string): string[] {
  const { data } = useInfiniteQuery({ ...repositoriesQuery({ kind: "model", owner }), enabled: owner !== "" });
  return data?.pages.flatMap((page) => page.items.map(({ name }) => `${owner}/${name}`)) ?? [];
}

/** Asks for the version and goes to its page. */
function usePromotion(experimentId: string) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { key, answered } = useOnceKey();
  return useMutation({
    mutationFn: (wanted: { run: string; paths: string[]; model: string; message: string }) => promoteOutput(experimentId, wanted, key),
    onError: (error) => answered(error),
    onSuccess: async ({ number }, { model }) => {
      const [owner = "", name = ""] = model.split("/");
      void queries.invalidateQueries({ queryKey: ["repos"] });
      void queries.invalidateQueries({ queryKey: ["versions", owner, name] });
      await navigate({ to: "/$owner/$name/versions/$number", params: { owner, name, number: String(number) } });
    },
  });
}
