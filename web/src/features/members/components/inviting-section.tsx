import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { MemberInvitation, MemberRole } from "@/client/types";
import { dayOf, endOfDay } from "@/lib/day";
import { ConfirmButton } from "@/ui/confirm-button";
import { CopyButton } from "@/ui/copy-button";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { invite, openInvitationsQuery, type Place, withdrawInvitation } from "../api/members";
import { MEMBER_ROLES, roleLabel } from "./member-roles";

const DAYS = [{ value: "1", label: "1 day" }, { value: "7", label: "7 days" }, { value: "30", label: "30 days" }];

/** Owners invite by name, or make a link that works once. */
export function InvitingSection({ place }: { place: Place }) {
  const queries = useQueryClient();
  const { data } = useQuery(openInvitationsQuery(place));
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<MemberRole>("reader");
  const [days, setDays] = useState("7");
  const [until, setUntil] = useState("");
  const inviting = useMutation({
    mutationFn: () => invite(place, { username: username.trim() || null, role, expires_in_days: Number(days), member_until: until ? endOfDay(until) : null }),
    onSuccess: async (made) => {
      if (made.username) notifyDone(`${made.username} was invited.`);
      setUsername("");
      setUntil("");
      await queries.invalidateQueries(openInvitationsQuery(place));
    },
    onError: (error) => notifyProblem(error, "Nobody was invited"),
  });
  const errors = fieldProblems(inviting.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    inviting.mutate();
  };
  return (
    <Section title="Invite">
      <Stack gap="sm">
        <form onSubmit={submit}>
          <Group align="flex-end" gap="sm">
            <TextInput label="Username" placeholder="leave empty for a link" value={username} onChange={(e) => setUsername(e.currentTarget.value)} error={errors.username} />
            <Select label="Role" data={MEMBER_ROLES} value={role} allowDeselect={false} onChange={(next) => next && setRole(next)} />
            <Select label="Valid for" w={110} data={DAYS} value={days} allowDeselect={false} onChange={(next) => next && setDays(next)} />
            <TextInput type="date" label="Member until" max="9999-12-30" value={until} onChange={(e) => setUntil(e.currentTarget.value)} error={errors.member_until} />
            <Button type="submit" loading={inviting.isPending}>{username.trim() ? "Invite" : "Make a link"}</Button>
          </Group>
        </form>
        <Text size="sm" c="dimmed">{roleLabel(role)}: {MEMBER_ROLES.find(({ value }) => value === role)?.meaning}, and what those before may.{until && <> Their membership ends with {until}.</>}</Text>
        {inviting.data?.url && (
          <Group gap="xs" wrap="nowrap" role="status">
            <Text className="mono" style={{ wordBreak: "break-all" }} data-testid="secret">{inviting.data.url}</Text>
            <CopyButton value={inviting.data.url} label="Copy the link" />
          </Group>
        )}
        {inviting.data?.url && <Text size="sm" c="dimmed">Send it to one person: it works once, and is not shown again.</Text>}
        <ul className="rows">{data?.items.map((invitation) => <OpenInvitation key={invitation.id} place={place} invitation={invitation} />)}</ul>
      </Stack>
    </Section>
  );
}

function OpenInvitation({ place, invitation: { id, username, role, expires_at, member_until } }: { place: Place; invitation: MemberInvitation }) {
  const queries = useQueryClient();
  const withdraw = () =>
    withdrawInvitation(place, id).then(
      () => queries.invalidateQueries(openInvitationsQuery(place)),
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <li className="row">
      <Text size="sm" className="grow">{username ?? "A link"} · {roleLabel(role)}{member_until && <> until {dayOf(member_until)}</>} · expires <TimeAgo at={expires_at} /></Text>
      <ConfirmButton size="xs" label="Withdraw" title="Withdraw this invitation?" consequence="It cannot be accepted any more." onConfirm={withdraw} />
    </li>
  );
}
