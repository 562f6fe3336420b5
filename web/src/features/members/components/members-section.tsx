import { Select, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import type { Member, MemberRole } from "@/client/types";
import { dayOf } from "@/lib/day";
import { ConfirmButton } from "@/ui/confirm-button";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { changeMember, membersQuery, type Place, placeName, removeMember } from "../api/members";
import { EndField } from "./end-field";
import { MEMBER_ROLES, roleLabel } from "./member-roles";

type Props = { place: Place; me: string | undefined; mayChange: boolean; onLeft: () => void };

/** Who belongs here and as what; owners change it, everybody may leave. */
export function MembersSection({ place, ...rest }: Props) {
  const { data, error, refetch } = useQuery(membersQuery(place));
  return (
    <Section title="Members" flush>
      {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
      {!data && !error && <SkeletonRows count={3} />}
      <ul className="rows">{data?.items.map((member) => <MemberRow key={`${member.username} ${member.through ?? ""}`} member={member} place={place} {...rest} />)}</ul>
    </Section>
  );
}

function MemberRow({ member, place, me, mayChange, onLeft }: Props & { member: Member }) {
  const queries = useQueryClient();
  const { username, display_name, role, expires_at, through } = member;
  const again = () => queries.invalidateQueries(membersQuery(place));
  const mine = username === me;
  const change = (next: MemberRole) => changeMember(place, username, next, expires_at).then(again, (error: unknown) => notifyProblem(error, "The role was not changed"));
  const end = async (next: string | null) => {
    try {
      await changeMember(place, username, role, next);
    } catch (error) {
      notifyProblem(error, "The end was not changed");
      throw error;
    }
    notifyDone(next ? `${username} is a member until ${dayOf(next)}.` : `${username} is a member for good.`);
    await again();
  };
  const remove = () =>
    removeMember(place, username).then(
      async () => {
        notifyDone(mine ? `You left ${placeName(place)}.` : `${username} was removed.`);
        if (mine) onLeft();
        else await again();
      },
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <li className="row" style={{ flexWrap: "wrap" }}>
      <div className="grow" style={{ minWidth: 150 }}>
        <Text fw={600}>{display_name || username}</Text>
        <Text size="sm" c="dimmed">
          {username}{through && through !== username && <> · through {through}</>}{expires_at && <> · until {dayOf(expires_at)}</>}
        </Text>
      </div>
      {mayChange && !through ? (
        <>
          <EndField key={expires_at} label={`When the membership of ${username} ends`} value={expires_at} onChange={end} />
          <Select size="xs" w={140} aria-label={`Role of ${username}`} data={MEMBER_ROLES} value={role} allowDeselect={false} onChange={(next) => next && void change(next)} />
        </>
      ) : (
        <Text size="sm">{roleLabel(role)}</Text>
      )}
      {!through && (mine || mayChange) && (
        <ConfirmButton
          size="xs"
          label={mine ? "Leave" : "Remove"}
          aria-label={mine ? "Leave" : `Remove ${username}`}
          title={mine ? `Leave ${placeName(place)}?` : `Remove ${username}?`}
          consequence={mine ? "You see what is private there only if somebody invites you again." : "They see what is private there only if they are invited again."}
          onConfirm={remove}
        />
      )}
    </li>
  );
}
