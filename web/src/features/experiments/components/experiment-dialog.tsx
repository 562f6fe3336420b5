import { Button, Group, Modal, Stack, Textarea, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Experiment } from "@/client/types";
import { fieldProblems } from "@/ui/field-problems";
import { ProblemAlert } from "@/ui/problem-alert";
import { useProblemFocus } from "@/ui/use-problem-focus";

type Facts = { name: string; description: string };
type Props = {
  title: string;
  verb: string;
  first?: Facts;
  opened: boolean;
  onClose: () => void;
  save: (facts: Facts) => Promise<Experiment>;
  onSaved?: (experiment: Experiment) => void;
};

/** What an experiment is called, and what it is about. */
export function ExperimentDialog({ title, opened, onClose, ...form }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} withCloseButton={false} centered attributes={{ content: { "aria-label": title } }}>
      <Title order={2} size="h2" mb="sm">{title}</Title>
      <Form onClose={onClose} {...form} />
    </Modal>
  );
}

function Form({ verb, first = { name: "", description: "" }, onClose, save, onSaved }: Omit<Props, "title" | "opened">) {
  const queries = useQueryClient();
  const [facts, setFacts] = useState(first);
  const saving = useMutation({
    mutationFn: () => save({ ...facts, name: facts.name.trim() }),
    onSuccess: async (experiment) => {
      await queries.invalidateQueries({ queryKey: ["experiments"] });
      onClose();
      onSaved?.(experiment);
    },
  });
  const place = useProblemFocus(saving.error);
  const errors = fieldProblems(saving.error);
  const isPlaced = Boolean(errors.name ?? errors.description);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <form ref={place} onSubmit={submit}>
      <Stack gap="sm">
        {saving.error && !isPlaced && <ProblemAlert error={saving.error} />}
        <TextInput label="Name" required maxLength={200} data-autofocus value={facts.name} onChange={(e) => setFacts({ ...facts, name: e.currentTarget.value })} error={errors.name} />
        <Textarea label="Description" description="What is tried here, and why; optional." autosize minRows={3} maxRows={12} maxLength={10_000} value={facts.description} onChange={(e) => setFacts({ ...facts, description: e.currentTarget.value })} error={errors.description} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={saving.isPending} disabled={!facts.name.trim()}>{verb}</Button>
        </Group>
      </Stack>
    </form>
  );
}
