import { Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { fieldProblems } from "@/ui/field-problems";
import { notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { createOrganisation, organisationsQuery } from "../api/organisations";
import { Inbox } from "../components/inbox";
import { roleLabel } from "../components/member-roles";

type Props = { mayCreate: boolean; onCreated: (organisation: string) => void };

/** What the person who is signed in belongs to, and what waits for an answer. */
export function OrganisationsPage({ mayCreate, onCreated }: Props) {
  usePageTitle("Organisations");
  const { data, error, refetch } = useQuery(organisationsQuery);
  return (
    <main className="page" data-narrow id="main">
      <Title order={1} mb={14}>Organisations</Title>
      <Stack gap="lg">
        <Inbox />
        <Section title="You belong to" flush>
          {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
          {data?.items.length === 0 && <Text className="body" c="dimmed">An organisation owns repositories for several people: make one, or be invited to one.</Text>}
          <ul className="rows">
            {data?.items.map(({ username, display_name, role }) => (
              <li key={username}>
                <Link to="/organisations/$organisation" params={{ organisation: username }} className="row">
                  <span className="grow"><b>{display_name || username}</b> <span className="quiet">{username}</span></span>
                  {role && <span className="quiet">{roleLabel(role)}</span>}
                </Link>
              </li>
            ))}
          </ul>
        </Section>
        {mayCreate && <NewOrganisation onCreated={onCreated} />}
      </Stack>
    </main>
  );
}

function NewOrganisation({ onCreated }: Pick<Props, "onCreated">) {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [display, setDisplay] = useState("");
  const making = useMutation({
    mutationFn: () => createOrganisation(username.trim(), display.trim()),
    onSuccess: async (made) => {
      await queries.invalidateQueries(organisationsQuery);
      onCreated(made.username);
    },
    onError: (error) => notifyProblem(error, "No organisation was made"),
  });
  const errors = fieldProblems(making.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  return (
    <Section title="New organisation">
      <form onSubmit={submit}>
        <Group align="flex-start" gap="sm">
          <TextInput label="Name" description="The first part of its addresses; it stays for ever." value={username} onChange={(e) => setUsername(e.currentTarget.value)} error={errors.username} required />
          <TextInput label="Shown as" description="Anything you like." value={display} onChange={(e) => setDisplay(e.currentTarget.value)} error={errors.display_name} />
        </Group>
        <Button mt="sm" type="submit" loading={making.isPending}>Make the organisation</Button>
      </form>
    </Section>
  );
}
