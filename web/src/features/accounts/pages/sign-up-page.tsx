import { Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconUserOff } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { SessionInfo } from "@/client/types";
import { EmptyState } from "@/ui/empty-state";
import { fieldProblems } from "@/ui/field-problems";
import { LinkButton, TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

import { sessionQuery, signUp } from "../api/session";

type Props = { invitation?: string; onEntered: (session: SessionInfo) => Promise<void> };

export function SignUpPage({ invitation, onEntered }: Props) {
  usePageTitle("Make an account");
  const { data: session } = useQuery(sessionQuery);
  const closed = session?.sign_up === "closed" || (session?.sign_up === "invited" && !invitation);
  return (
    <main className="page" data-narrow id="main">
      {closed ? <Closed invited={session?.sign_up === "invited"} /> : <SignUpForm invitation={invitation} onEntered={onEntered} />}
    </main>
  );
}

function SignUpForm({ invitation, onEntered }: Props) {
  const [input, setInput] = useState({ username: "", display_name: "", password: "" });
  const entering = useMutation({ mutationFn: () => signUp({ ...input, username: input.username.trim(), invitation }), onSuccess: onEntered });
  const errors = fieldProblems(entering.error);
  const set = (key: keyof typeof input) => (event: { currentTarget: { value: string } }) => setInput({ ...input, [key]: event.currentTarget.value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate();
  };
  const unplaced = entering.error && !["username", "display_name", "password"].some((name) => errors[name]);
  return (
    <Stack maw={380} mx="auto" pt={36} gap="lg">
      <Title order={1}>Make an account</Title>
      {unplaced && <ProblemAlert error={entering.error} />}
      <form onSubmit={submit}>
        <Stack>
          <TextInput label="Username" description="Lower-case letters, digits, and . _ - inside. It is part of your models' addresses." name="username" autoComplete="username" required value={input.username} onChange={set("username")} error={errors.username} />
          <TextInput label="Name" description="How others see you." name="display_name" autoComplete="name" value={input.display_name} onChange={set("display_name")} error={errors.display_name} />
          <PasswordInput label="Password" description="At least 10 characters." name="password" autoComplete="new-password" required value={input.password} onChange={set("password")} error={errors.password} />
          <Button type="submit" loading={entering.isPending}>Make the account</Button>
        </Stack>
      </form>
      <Text size="sm" c="dimmed">Have one already? <TextLink to="/sign-in">Sign in</TextLink>.</Text>
    </Stack>
  );
}

function Closed({ invited }: { invited: boolean }) {
  return (
    <EmptyState whole icon={<IconUserOff size={36} />} title={invited ? "An invitation is needed" : "Sign-up is closed here"} action={<LinkButton to="/sign-in" variant="default">Sign in</LinkButton>}>
      {invited ? "Open the link in the invitation that you were given, or ask an administrator for one." : "Ask an administrator to make an account for you."}
    </EmptyState>
  );
}
