import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Invitation, Role } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { createInvitation, invitationsQuery, withdrawInvitation } from "../api/administration";
import { ROLES } from "../components/roles";
import { SecretOnce } from "../components/secret-once";

export function InvitationsPage() {
  usePageTitle("Invitations");
  const { data, error, refetch } = useQuery(invitationsQuery);
  return (
    <Stack gap="lg">
      <NewInvitation />
      <Section title="Invitations" flush>
        {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
        {data?.items.length === 0 && <Text className="body" c="dimmed">No invitation is open. Each one lets one person make an account with the role that you choose.</Text>}
        <ul className="rows">{data?.items.map((invitation) => <InvitationRow key={invitation.id} invitation={invitation} />)}</ul>
      </Section>
    </Stack>
  );
}

function NewInvitation() {
  const queries = useQueryClient();
  const [role, setRole] = useState<Role>("creator");
  const [days, setDays] = useState("7");
  const making = useMutation({
    mutationFn: () => createInvitation(role, Number(days)),
    onSuccess: () => queries.invalidateQueries(invitationsQuery),
    onError: (error) => notifyProblem(error, "No invitation was made"),
  });
  return (
    <Section title="New invitation">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <Select label="Role" data={ROLES} value={role} allowDeselect={false} onChange={(value) => value && setRole(value)} />
          <Select label="Valid for" data={[{ value: "1", label: "1 day" }, { value: "7", label: "7 days" }, { value: "30", label: "30 days" }]} value={days} allowDeselect={false} onChange={(value) => value && setDays(value)} />
          <Button loading={making.isPending} onClick={() => making.mutate()}>Make invitation</Button>
        </Group>
        {making.data && <SecretOnce title="Invitation" secret={making.data.url} note="Send this link to one person. It is not shown again." />}
      </Stack>
    </Section>
  );
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const queries = useQueryClient();
  const withdraw = () =>
    withdrawInvitation(invitation.id).then(
      () => queries.invalidateQueries(invitationsQuery),
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <li className="row">
      <div className="grow">
        <Text fw={600}>{ROLES.find(({ value }) => value === invitation.role)?.label}</Text>
        <Text size="sm" c="dimmed">made <TimeAgo at={invitation.created_at} /> · expires <TimeAgo at={invitation.expires_at} /></Text>
      </div>
      <ConfirmButton size="xs" label="Withdraw" title="Withdraw this invitation?" consequence="Its link stops working." onConfirm={withdraw} />
    </li>
  );
}
