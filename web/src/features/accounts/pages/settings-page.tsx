import { Button, Group, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Account } from "@/client/types";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";

import { changePassword, renameAccount } from "../api/account";
import { sessionQuery } from "../api/session";
import { TokensSection } from "../components/tokens-section";

type Props = {
  account: Account;
  /** How they sign in to registries elsewhere. */
  registries: React.ReactNode;
};

/** The signed-in person's own settings. */
export function SettingsPage({ account, registries }: Props) {
  usePageTitle("Settings");
  return (
    <main className="page" data-narrow id="main">
      <Stack gap="lg">
        <Title order={1}>Settings</Title>
        <Profile account={account} />
        <TokensSection administrator={account.role === "administrator"} />
        {registries}
        <Password />
      </Stack>
    </main>
  );
}

function Profile({ account }: { account: Account }) {
  const queries = useQueryClient();
  const [name, setName] = useState(account.display_name);
  const renaming = useMutation({
    mutationFn: () => renameAccount(name.trim()),
    onSuccess: () => {
      notifyDone("Your name was changed.");
      return queries.invalidateQueries(sessionQuery);
    },
    onError: (error) => notifyProblem(error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    renaming.mutate();
  };
  return (
    <Section title="Profile">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Username" description="Part of your models' addresses; it never changes." value={account.username} readOnly />
          <TextInput label="Name" autoComplete="name" value={name} onChange={(e) => setName(e.currentTarget.value)} error={fieldProblems(renaming.error).display_name} />
          <Group><Button type="submit" variant="default" loading={renaming.isPending} disabled={name.trim() === account.display_name}>Save name</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}

function Password() {
  const [input, setInput] = useState({ old: "", fresh: "" });
  const changing = useMutation({
    mutationFn: () => changePassword(input.old, input.fresh),
    onSuccess: () => {
      notifyDone("Your password was changed.");
      setInput({ old: "", fresh: "" });
    },
    onError: (error) => notifyProblem(error, "The password was not changed"),
  });
  const errors = fieldProblems(changing.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Section title="Password">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PasswordInput label="Present password" autoComplete="current-password" required value={input.old} onChange={(e) => setInput({ ...input, old: e.currentTarget.value })} error={errors.old_password} />
          <PasswordInput label="New password" description="At least 10 characters." autoComplete="new-password" required value={input.fresh} onChange={(e) => setInput({ ...input, fresh: e.currentTarget.value })} error={errors.new_password} />
          <Group><Button type="submit" variant="default" loading={changing.isPending}>Change password</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}
