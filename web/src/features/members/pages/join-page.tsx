import { Button, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { MemberInvitation } from "@/client/types";
import { dayOf } from "@/lib/day";
import { notifyDone } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

import { acceptLink, linkQuery } from "../api/members";
import { roleLabel } from "../components/member-roles";

type Props = { secret: string; onJoined: (invitation: MemberInvitation) => void };

/** What a link offers, and the button that takes it. */
export function JoinPage({ secret, onJoined }: Props) {
  usePageTitle("Invitation");
  const queries = useQueryClient();
  const { data, error } = useQuery(linkQuery(secret));
  const joining = useMutation({
    mutationFn: () => acceptLink(secret),
    onSuccess: async (invitation) => {
      notifyDone(`You belong to ${invitation.repository ?? invitation.organisation ?? ""} now.`);
      await queries.invalidateQueries({ queryKey: ["repos"] });
      onJoined(invitation);
    },
  });
  return (
    <main className="page" data-narrow id="main">
      <Stack gap="md" align="flex-start">
        <Title order={1}>Invitation</Title>
        {error && <ProblemAlert error={error} />}
        {joining.error && <ProblemAlert error={joining.error} />}
        {data && <Text>{data.invited_by} invites you to <b>{data.repository ?? data.organisation}</b> as {roleLabel(data.role).toLowerCase()}{data.member_until && <> until {dayOf(data.member_until)}</>}.</Text>}
        {data && <Button loading={joining.isPending} onClick={() => joining.mutate()}>Accept</Button>}
      </Stack>
    </main>
  );
}
