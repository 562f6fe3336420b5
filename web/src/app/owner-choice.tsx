import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/features/accounts/api/session";
import { organisationsQuery } from "@/features/members/api/organisations";
import { allows } from "@/lib/member-role";

type Props = { value: string; onChange: (owner: string) => void; error?: string };

/** Whose a new repository is to be: one's own or an organisation's that one maintains; nothing where there is no choice. */
export function OwnerChoice({ value, onChange, error }: Props) {
  const me = useQuery(sessionQuery).data?.account?.username;
  const { data } = useQuery(organisationsQuery);
  const organisations = data?.items.filter(({ role }) => allows(role, "maintainer")).map(({ username }) => username) ?? [];
  // What was chosen earlier stays, though it may be refused now.
  const owners = [...new Set([...(me ? [me] : []), ...organisations, value])];
  if (owners.length < 2) return null;
  return <Select label="Owner" data={owners} value={value} allowDeselect={false} onChange={(next) => next && onChange(next)} error={error} />;
}
