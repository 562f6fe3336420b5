import { Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Organisation } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { deleteOrganisation, organisationQuery, organisationsQuery, renameOrganisation } from "../api/organisations";
import { InvitingSection } from "../components/inviting-section";
import { MembersSection } from "../components/members-section";

type Props = { organisation: string; me: string | undefined; repositories: React.ReactNode; audit: React.ReactNode; onLeft: () => void };

/** An organisation: its repositories for everybody who may see them, its members for members, the rest for owners. */
export function OrganisationPage({ organisation, me, repositories, audit, onLeft }: Props) {
  usePageTitle(organisation);
  const { data, error, refetch } = useQuery(organisationQuery(organisation));
  const place = { organisation };
  const owns = data?.role === "owner";
  return (
    <main className="page" id="main">
      <Group gap={10} mb={14}>
        <Title order={1}>{data?.display_name || organisation}</Title>
        <Text c="dimmed" className="grow">{organisation}</Text>
        {owns && audit}
      </Group>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {data && (
        <Stack gap="lg">
          {repositories}
          {data.role && <MembersSection place={place} me={me} mayChange={owns} onLeft={onLeft} />}
          {owns && <InvitingSection place={place} />}
          {owns && <Settings key={data.display_name} organisation={data} onDeleted={onLeft} />}
        </Stack>
      )}
    </main>
  );
}

function Settings({ organisation: { username, display_name }, onDeleted }: { organisation: Organisation; onDeleted: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState(display_name);
  const saving = useMutation({
    mutationFn: () => renameOrganisation(username, name),
    onSuccess: async () => {
      notifyDone("Saved.");
      await queries.invalidateQueries(organisationsQuery);
    },
    onError: (error) => notifyProblem(error, "It was not saved"),
  });
  const remove = () =>
    deleteOrganisation(username).then(
      async () => {
        notifyDone(`${username} was deleted.`);
        await queries.invalidateQueries(organisationsQuery);
        onDeleted();
      },
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <Section title="Settings">
      <Group align="flex-end" justify="space-between">
        <Group align="flex-end" gap="sm">
          <TextInput label="Shown as" value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <Button variant="default" loading={saving.isPending} onClick={() => saving.mutate()}>Save</Button>
        </Group>
        <ConfirmButton label="Delete" title={`Delete ${username}?`} consequence="Only an organisation without repositories can be deleted. Its name is not given again." phrase={username} onConfirm={remove} />
      </Group>
    </Section>
  );
}
