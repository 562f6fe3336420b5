import { Button, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconGitFork } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Repository } from "@/client/types";
import { ProblemAlert } from "@/ui/problem-alert";

import { forkRepository } from "../api/repos";

type Props = {
  repository: Repository;
  /** Who is signed in, if anybody is. */
  me: string | undefined;
  /** A field for whose the copy is to be. */
  ownerChoice: (value: string, onChange: (owner: string) => void) => React.ReactNode;
  onSignIn: () => void;
  onForked: (fork: Repository) => void;
};

/** Copies a repository into one of one's own or of an organisation's, under a name that is asked for. */
export function ForkButton({ repository, me, ownerChoice, onSignIn, onForked }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconGitFork size={15} />} onClick={me ? open : onSignIn}>Fork</Button>
      <Modal opened={opened} onClose={close} withCloseButton={false} centered attributes={{ content: { "aria-label": "Fork" } }}>
        {me && <ForkForm repository={repository} me={me} ownerChoice={ownerChoice} onClose={close} onForked={(fork) => { close(); onForked(fork); }} />}
      </Modal>
    </>
  );
}

function ForkForm({ repository, me, ownerChoice, onClose, onForked }: Omit<Props, "me" | "onSignIn"> & { me: string; onClose: () => void }) {
  const { owner, name } = repository;
  const queries = useQueryClient();
  const [wanted, setWanted] = useState({ owner: me, name });
  const forking = useMutation({
    mutationFn: () => forkRepository({ owner, name }, { ...wanted, name: wanted.name.trim() }),
    onSuccess: (fork) => {
      void queries.invalidateQueries({ queryKey: ["repos"] });
      onForked(fork);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    forking.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={2} size="h2">Fork {owner}/{name}</Title>
        <Text size="sm">You get a private copy of its files and their history. Change them and push: that makes its first version.</Text>
        {forking.error && <ProblemAlert error={forking.error} />}
        {ownerChoice(wanted.owner, (next) => setWanted({ ...wanted, owner: next }))}
        <TextInput label="Name of the copy" required value={wanted.name} onChange={(e) => setWanted({ ...wanted, name: e.currentTarget.value })} data-autofocus />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button type="submit" loading={forking.isPending} disabled={!wanted.name.trim()}>Fork</Button>
        </Group>
      </Stack>
    </form>
  );
}
