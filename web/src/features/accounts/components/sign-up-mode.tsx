import { Group, SegmentedControl, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { notifyDone, notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";

import { changeSite, type SiteChange, siteQuery } from "../api/administration";
import { sessionQuery } from "../api/session";
import { SIGN_UP_MODES, SIGN_UP_ROLES } from "./roles";

/** How the site takes new people, and what they may do. */
export function SignUpMode() {
  const queries = useQueryClient();
  const { data: site } = useQuery(siteQuery);
  const changing = useMutation({
    mutationFn: changeSite,
    onSuccess: (changed) => {
      notifyDone(`Sign-up is ${changed.sign_up}; newcomers are ${changed.sign_up_role}s.`);
      queries.setQueryData(siteQuery.queryKey, changed);
      return queries.invalidateQueries(sessionQuery);
    },
    onError: (error) => notifyProblem(error),
  });
  const change = (wanted: SiteChange) => changing.mutate(wanted);
  const mode = SIGN_UP_MODES.find(({ value }) => value === site?.sign_up) ?? SIGN_UP_MODES[0];
  const disabled = !site || changing.isPending;
  return (
    <Section title="Sign-up">
      <Group gap="lg">
        <SegmentedControl aria-label="Sign-up" data={SIGN_UP_MODES} value={mode?.value ?? "closed"} disabled={disabled} onChange={(sign_up) => change({ sign_up })} />
        {mode?.value === "open" && (
          <Group gap="xs">
            <Text size="sm">Newcomers are</Text>
            <SegmentedControl aria-label="Role of newcomers" data={SIGN_UP_ROLES} value={site?.sign_up_role === "creator" ? "creator" : "reader"} disabled={disabled} onChange={(sign_up_role) => change({ sign_up_role })} />
          </Group>
        )}
      </Group>
      <Text size="sm" c="dimmed" mt={6}>{mode?.meaning}</Text>
    </Section>
  );
}
