import { Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { SessionInfo } from "@/client/types";
import { TextLink } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

import { sessionQuery, signIn } from "../api/session";

type Props = { onEntered: (session: SessionInfo) => Promise<void> };

export function SignInPage({ onEntered }: Props) {
  usePageTitle("Sign in");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const { data: session } = useQuery(sessionQuery);
  const entering = useMutation({ mutationFn: () => signIn(username.trim(), password), onSuccess: onEntered });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate();
  };
  return (
    <main className="page" data-narrow id="main">
      <Stack maw={380} mx="auto" pt={36} gap="lg">
        <Title order={1}>Sign in</Title>
        {entering.error && <ProblemAlert error={entering.error} />}
        <form onSubmit={submit}>
          <Stack>
            <TextInput label="Username" name="username" autoComplete="username" required value={username} onChange={(e) => setUsername(e.currentTarget.value)} />
            <PasswordInput label="Password" name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
            <Button type="submit" loading={entering.isPending}>Sign in</Button>
          </Stack>
        </form>
        <Text size="sm" c="dimmed">
          {session?.sign_up === "open" && <>New here? <TextLink to="/sign-up">Make an account</TextLink>. </>}
          {session?.sign_up === "invited" && "New people come by invitation: open the link that you were given. "}
          Forgot your password? An administrator can reset it.
        </Text>
      </Stack>
    </main>
  );
}
