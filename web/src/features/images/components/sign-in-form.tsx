import { Button, Group, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { fieldProblems } from "@/ui/field-problems";
import { ProblemAlert } from "@/ui/problem-alert";

import { saveSignIn, signInsQuery } from "../api/sign-ins";

const EMPTY = { registry: "", username: "", secret: "" };

type Props = {
  /** The registry that it is for, where that is known. */
  registry?: string;
  onSaved?: () => void;
};

/** How one signs in to a registry; what is saved takes the place of an earlier sign-in there. */
export function SignInForm({ registry, onSaved }: Props) {
  const queries = useQueryClient();
  const [input, setInput] = useState({ ...EMPTY, registry: registry ?? "" });
  const saving = useMutation({
    mutationFn: () => saveSignIn({ registry: input.registry.trim(), username: input.username.trim(), secret: input.secret }),
    onSuccess: async () => {
      setInput({ ...EMPTY, registry: registry ?? "" });
      await queries.invalidateQueries(signInsQuery);
      onSaved?.();
    },
  });
  const errors = fieldProblems(saving.error);
  const isPlaced = (registry === undefined && errors.registry) || errors.username || errors.secret;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // It may stand in a window above another form.
    saving.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {saving.error && !isPlaced && <ProblemAlert error={saving.error} />}
        {registry === undefined && <TextInput label="Registry" placeholder="ghcr.io" description="docker.io, ghcr.io, host:5000 …" required value={input.registry} onChange={(e) => setInput({ ...input, registry: e.currentTarget.value })} error={errors.registry} />}
        <Group align="flex-start" grow wrap="wrap" preventGrowOverflow={false}>
          <TextInput miw={180} label="User name there" autoComplete="off" required data-autofocus={registry ? true : undefined} value={input.username} onChange={(e) => setInput({ ...input, username: e.currentTarget.value })} error={errors.username} />
          <PasswordInput miw={180} label="Password or token" autoComplete="new-password" required value={input.secret} onChange={(e) => setInput({ ...input, secret: e.currentTarget.value })} error={errors.secret} />
        </Group>
        <Group><Button type="submit" loading={saving.isPending}>Save sign-in</Button></Group>
      </Stack>
    </form>
  );
}
