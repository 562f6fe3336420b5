import { Button, Group, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Address, Repository } from "@/client/types";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";

import { placeName, transfer, transferQuery, withdrawTransfer } from "../api/members";

type Props = { address: Address; onMoved: (repository: Repository) => void };

/** Gives the repository to another account or organisation, or offers it. */
export function TransferSection({ address, onMoved }: Props) {
  const queries = useQueryClient();
  const { data: offer } = useQuery(transferQuery(address));
  const [to, setTo] = useState("");
  const giving = useMutation({
    mutationFn: () => transfer(address, to.trim()),
    onSuccess: async (result) => {
      if (result.repository) {
        notifyDone(`It belongs to ${result.repository.owner} now.`);
        return onMoved(result.repository);
      }
      setTo("");
      await queries.invalidateQueries(transferQuery(address));
    },
    onError: (error) => notifyProblem(error, "It was not transferred"),
  });
  const withdrawing = useMutation({
    mutationFn: () => withdrawTransfer(address),
    onSuccess: () => queries.invalidateQueries(transferQuery(address)),
    onError: (error) => notifyProblem(error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    giving.mutate();
  };
  return (
    <Section title="Transfer">
      {offer ? (
        <Group justify="space-between">
          <Text size="sm">Offered to {offer.to}, who has not answered yet.</Text>
          <Button size="xs" variant="default" loading={withdrawing.isPending} onClick={() => withdrawing.mutate()}>Take it back</Button>
        </Group>
      ) : (
        <form onSubmit={submit}>
          <Text size="sm" c="dimmed" mb="sm">{placeName(address)} moves to another account or organisation; its old address stops working. Where you may not create there, they are asked first.</Text>
          <Group align="flex-end" gap="sm">
            <TextInput label="New owner" value={to} onChange={(e) => setTo(e.currentTarget.value)} error={fieldProblems(giving.error).to} required />
            <Button type="submit" variant="default" loading={giving.isPending}>Transfer</Button>
          </Group>
        </form>
      )}
    </Section>
  );
}
