import { Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { ConfirmButton } from "@/ui/confirm-button";
import { notifyProblem } from "@/ui/notify";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { deleteSignIn, signInsQuery } from "../api/sign-ins";
import { SignInForm } from "./sign-in-form";

/** Sign-ins to registries elsewhere: listed without their secrets, added, deleted. */
export function SignInsSection({ mayAdd }: { mayAdd: boolean }) {
  const { data: signIns = [], error, refetch } = useQuery(signInsQuery);
  if (!mayAdd && !signIns.length) return null;
  return (
    <Section title="Other registries" flush>
      <div className="body">
        <Text size="sm" c="dimmed" mb="sm">How you sign in to registries that you import images from. A secret is kept encrypted and never shown again.</Text>
        {mayAdd && <SignInForm />}
      </div>
      {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
      {signIns.length > 0 && (
        <ul className="rows" aria-label="Your sign-ins" style={{ borderTop: "1px solid var(--line)" }}>
          {signIns.map((signIn) => <SignInRow key={signIn.id} {...signIn} />)}
        </ul>
      )}
    </Section>
  );
}

function SignInRow({ id, registry, username, created_at }: { id: string; registry: string; username: string; created_at: string }) {
  const queries = useQueryClient();
  const forget = () =>
    deleteSignIn(id).then(
      () => queries.invalidateQueries(signInsQuery),
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <li className="row">
      <div className="grow">
        <Text fw={600} style={{ overflowWrap: "anywhere" }}>{registry}</Text>
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>as {username} · saved <TimeAgo at={created_at} /></Text>
      </div>
      <ConfirmButton size="xs" label="Delete" title={`Delete the sign-in to ${registry}?`} consequence="Imports from there are asked for without a sign-in from now on. What was imported stays." onConfirm={forget} />
    </li>
  );
}
