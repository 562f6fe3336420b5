import { SegmentedControl, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { notifyDone, notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";

import { changeSignUp } from "../api/administration";
import { sessionQuery } from "../api/session";
import { SIGN_UP_MODES } from "./roles";

/** How the site takes new people. */
export function SignUpMode() {
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const changing = useMutation({
    mutationFn: changeSignUp,
    onSuccess: ({ sign_up }) => {
      notifyDone(`Sign-up is now ${sign_up}.`);
      return queries.invalidateQueries(sessionQuery);
    },
    onError: (error) => notifyProblem(error),
  });
  const mode = session?.sign_up ?? "closed";
  return (
    <Section title="Sign-up">
      <SegmentedControl aria-label="Sign-up" data={SIGN_UP_MODES} value={mode} disabled={!session || changing.isPending} onChange={(value) => changing.mutate(value)} />
      <Text size="sm" c="dimmed" mt={6}>{SIGN_UP_MODES.find(({ value }) => value === mode)?.meaning}</Text>
    </Section>
  );
}
