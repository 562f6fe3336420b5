import { Button, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import type { Address } from "@/client/types";
import { shortRevision } from "@/lib/revision";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone } from "@/ui/notify";
import { ProblemAlert } from "@/ui/problem-alert";

import { branchesQuery, createBranch } from "../api/revisions";

type Props = { address: Address; path: string; revision: string; opened: boolean; onClose: () => void };

/** Asks what a branch that begins at the revision is called, and goes there. */
export function NewBranchDialog({ opened, onClose, ...begin }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} withCloseButton={false} centered attributes={{ content: { "aria-label": "New branch" } }}>
      <Form onClose={onClose} {...begin} />
    </Modal>
  );
}

function Form({ address, path, revision, onClose }: Omit<Props, "opened">) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const start = shortRevision(revision);
  const [name, setName] = useState("");
  const making = useMutation({
    mutationFn: () => createBranch(address, name.trim(), revision),
    onSuccess: async (branch) => {
      notifyDone(`${branch.name} begins at ${start}.`);
      await queries.invalidateQueries(branchesQuery(address));
      onClose();
      await navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: path }, search: { revision: branch.name } });
    },
  });
  const errors = fieldProblems(making.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={2} size="h2">New branch</Title>
        <Text size="sm">It begins at {start}; what is committed to it leaves that as it is.</Text>
        {making.error && !errors.name && <ProblemAlert error={making.error} />}
        <TextInput label="Name" required maxLength={189} value={name} onChange={(e) => setName(e.currentTarget.value)} error={errors.name} data-autofocus />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button type="submit" loading={making.isPending} disabled={!name.trim()}>Create</Button>
        </Group>
      </Stack>
    </form>
  );
}
