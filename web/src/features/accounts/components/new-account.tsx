import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Role } from "@/client/types";
import { fieldProblems } from "@/ui/field-problems";
import { notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";

import { createAccount } from "../api/administration";
import { ROLES } from "./roles";
import { SecretOnce } from "./secret-once";

/** An account made by an administrator; the generated password is shown once. */
export function NewAccount() {
  const queries = useQueryClient();
  const [input, setInput] = useState({ username: "", display_name: "", role: "creator" as Role });
  const making = useMutation({
    mutationFn: () => createAccount({ ...input, username: input.username.trim() }),
    onSuccess: () => {
      setInput({ ...input, username: "", display_name: "" });
      return queries.invalidateQueries({ queryKey: ["accounts"] });
    },
    onError: (error) => notifyProblem(error, "No account was made"),
  });
  const errors = fieldProblems(making.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  return (
    <Section title="New account">
      <Stack gap="sm">
        <form onSubmit={submit}>
          <Group align="flex-end" gap="sm">
            <TextInput label="Username" required value={input.username} onChange={(e) => setInput({ ...input, username: e.currentTarget.value })} error={errors.username} />
            <TextInput label="Name" value={input.display_name} onChange={(e) => setInput({ ...input, display_name: e.currentTarget.value })} error={errors.display_name} />
            <Select label="Role" data={ROLES} value={input.role} allowDeselect={false} onChange={(role) => role && setInput({ ...input, role })} />
            <Button type="submit" loading={making.isPending}>Make account</Button>
          </Group>
        </form>
        {making.data?.password && <SecretOnce title={`Password of ${making.data.account.username}`} secret={making.data.password} note="Hand it over now: it is not shown again." />}
      </Stack>
    </Section>
  );
}
