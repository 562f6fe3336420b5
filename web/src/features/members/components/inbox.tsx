import { Button, Group, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { MemberInvitation, Transfer } from "@/client/types";
import { dayOf } from "@/lib/day";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { answerInvitation, answerTransfer, ownInvitationsQuery, ownTransfersQuery } from "../api/members";
import { roleLabel } from "./member-roles";

/** What waits for an answer of the person who is signed in; nothing where nothing does. */
export function Inbox() {
  const { data: invitations } = useQuery(ownInvitationsQuery);
  const { data: transfers } = useQuery(ownTransfersQuery);
  if (!invitations?.items.length && !transfers?.items.length) return null;
  return (
    <Section title="Waiting for your answer" flush>
      <ul className="rows">
        {invitations?.items.map((invitation) => <InvitationRow key={invitation.id} invitation={invitation} />)}
        {transfers?.items.map((transfer) => <TransferRow key={transfer.repository_id} transfer={transfer} />)}
      </ul>
    </Section>
  );
}

function InvitationRow({ invitation: { id, repository, organisation, role, invited_by, expires_at, member_until } }: { invitation: MemberInvitation }) {
  const place = repository ?? organisation ?? "";
  return (
    <Row place={place} answer={(accepted) => answerInvitation(id, accepted)} joined={`You belong to ${place} now.`}>
      {invited_by} invites you to <b>{place}</b> as {roleLabel(role).toLowerCase()}{member_until && <> until {dayOf(member_until)}</>} · expires <TimeAgo at={expires_at} />
    </Row>
  );
}

function TransferRow({ transfer: { repository_id, repository, to, offered_by } }: { transfer: Transfer }) {
  return (
    <Row place={repository} answer={(accepted) => answerTransfer(repository_id, accepted)} joined={`${repository} belongs to ${to} now.`}>
      {offered_by} offers <b>{repository}</b> to {to}
    </Row>
  );
}

type RowProps = { place: string; joined: string; answer: (accepted: boolean) => Promise<unknown>; children: React.ReactNode };

function Row({ place, joined, answer, children }: RowProps) {
  const queries = useQueryClient();
  const answering = useMutation({
    mutationFn: answer,
    onSuccess: async (_, accepted) => {
      if (accepted) notifyDone(joined);
      await queries.invalidateQueries();
    },
    onError: (error) => notifyProblem(error),
  });
  return (
    <li className="row">
      <Text size="sm" className="grow">{children}</Text>
      <Group gap="xs">
        <Button size="xs" loading={answering.isPending} aria-label={`Accept ${place}`} onClick={() => answering.mutate(true)}>Accept</Button>
        <Button size="xs" variant="default" aria-label={`Decline ${place}`} onClick={() => answering.mutate(false)}>Decline</Button>
      </Group>
    </li>
  );
}
