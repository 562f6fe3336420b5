import { Button, Checkbox, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Token } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { fieldProblems } from "@/ui/field-problems";
import { notifyProblem } from "@/ui/notify";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { createToken, revokeToken, tokensQuery } from "../api/account";
import { SecretOnce } from "./secret-once";

const SCOPES: { value: Token["scopes"][number]; label: string; hint: string }[] = [
  { value: "read", label: "Read", hint: "see and download" },
  { value: "predict", label: "Predict", hint: "call served models" },
  { value: "write", label: "Write", hint: "push, deploy, change, delete" },
  { value: "admin", label: "Administer", hint: "everything an administrator may do" },
];

/** API tokens: made, shown once, revoked. */
export function TokensSection({ administrator }: { administrator: boolean }) {
  const { data, error, refetch } = useQuery(tokensQuery);
  const tokens = data?.items ?? [];
  return (
    <Section title="API tokens" flush>
      <div className="body"><NewToken administrator={administrator} /></div>
      {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
      {tokens.length > 0 && (
        <ul className="rows" style={{ borderTop: "1px solid var(--line)" }}>
          {tokens.map((token) => <TokenRow key={token.id} token={token} />)}
        </ul>
      )}
    </Section>
  );
}

function TokenRow({ token }: { token: Token }) {
  const queries = useQueryClient();
  const revoke = () =>
    revokeToken(token.id).then(
      () => queries.invalidateQueries(tokensQuery),
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <li className="row">
      <div className="grow">
        <Text fw={600} className="clip">{token.name} <span className="mono quiet">…{token.hint}</span></Text>
        <Text size="sm" c="dimmed">
          {token.scopes.join(", ")} · made <TimeAgo at={token.created_at} /> ·{" "}
          {token.expires_at ? <>expires <TimeAgo at={token.expires_at} /></> : "never expires"} ·{" "}
          {token.last_used_at ? <>used <TimeAgo at={token.last_used_at} /></> : "never used"}
        </Text>
      </div>
      <ConfirmButton size="xs" label="Revoke" title={`Revoke ${token.name}?`} consequence="Programs that use this token are refused from now on. This cannot be undone." onConfirm={revoke} />
    </li>
  );
}

function NewToken({ administrator }: { administrator: boolean }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read", "predict"]);
  const [days, setDays] = useState<string | null>("90");
  const making = useMutation({
    mutationFn: () =>
      createToken({ name: name.trim(), scopes: scopes as Token["scopes"], expires_in_days: days === "never" ? undefined : Number(days) }),
    onSuccess: () => {
      setName("");
      return queries.invalidateQueries(tokensQuery);
    },
    onError: (error) => notifyProblem(error, "No token was made"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">For scripts, the command line, Git and Docker. A token can do what you can do, within what is ticked here.</Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Group align="flex-start" grow>
            <TextInput label="Token name" placeholder="laptop" required value={name} onChange={(e) => setName(e.currentTarget.value)} error={fieldProblems(making.error).name} />
            <Select label="Expires" value={days} onChange={setDays} allowDeselect={false} data={[{ value: "7", label: "in 7 days" }, { value: "90", label: "in 90 days" }, { value: "365", label: "in a year" }, { value: "never", label: "never" }]} />
          </Group>
          <Checkbox.Group label="May" value={scopes} onChange={setScopes}>
            <Group gap="lg" mt={4}>
              {SCOPES.filter(({ value }) => administrator || value !== "admin").map(({ value, label, hint }) => (
                <Checkbox key={value} value={value} label={label} description={hint} />
              ))}
            </Group>
          </Checkbox.Group>
          <Group><Button type="submit" loading={making.isPending} disabled={!scopes.length}>Make a token</Button></Group>
        </Stack>
      </form>
      {making.data && <SecretOnce title="Your new token" secret={making.data.secret} note="Copy it now: it is not shown again." />}
    </Stack>
  );
}
