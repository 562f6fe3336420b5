import { Button, Group, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Account, Role } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";
import { WideTable } from "@/ui/wide-table";

import { accountsQuery, changeAccount, resetPassword } from "../api/administration";
import { NewAccount } from "../components/new-account";
import { SecretOnce } from "../components/secret-once";
import { ROLES } from "../components/roles";
import { SignUpMode } from "../components/sign-up-mode";

export function AccountsPage() {
  usePageTitle("Accounts");
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 200);
  const query = useInfiniteQuery({ ...accountsQuery(q), placeholderData: keepPreviousData });
  const accounts = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack gap="lg">
      <SignUpMode />
      <NewAccount />
      <Section title="Accounts" flush aside={<TextInput size="xs" placeholder="Filter by name" aria-label="Filter accounts" value={text} onChange={(e) => setText(e.currentTarget.value)} />}>
        {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
        <WideTable label="All accounts" minWidth={640} verticalSpacing={8} horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr><Table.Th>Account</Table.Th><Table.Th>Role</Table.Th><Table.Th>State</Table.Th><Table.Th>Made</Table.Th><Table.Th>Actions</Table.Th></Table.Tr>
          </Table.Thead>
          <Table.Tbody>{accounts.map((account) => <AccountRow key={account.id} account={account} />)}</Table.Tbody>
        </WideTable>
        {!query.isPending && !accounts.length && <Text className="body" c="dimmed">No account matches.</Text>}
        {query.hasNextPage && <div className="body"><Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
      </Section>
    </Stack>
  );
}

function AccountRow({ account }: { account: Account }) {
  const queries = useQueryClient();
  const [secret, setSecret] = useState<string | null>(null);
  const changing = useMutation({
    mutationFn: (change: { role?: Role; disabled?: boolean }) => changeAccount(account.username, change),
    onSuccess: () => {
      notifyDone(`${account.username} was changed.`);
      return queries.invalidateQueries({ queryKey: ["accounts"] });
    },
    onError: (error) => notifyProblem(error),
  });
  const reset = () =>
    resetPassword(account.username).then(
      ({ password }) => setSecret(password),
      (error: unknown) => {
        notifyProblem(error);
        throw error;
      },
    );
  return (
    <>
      <Table.Tr>
        <Table.Td><b>{account.username}</b> <Text span c="dimmed" size="sm">{account.display_name}</Text></Table.Td>
        <Table.Td><Select size="xs" w={140} aria-label={`Role of ${account.username}`} data={ROLES} value={account.role} allowDeselect={false} disabled={changing.isPending} onChange={(role) => role && changing.mutate({ role })} /></Table.Td>
        <Table.Td><StateBadge state={account.disabled ? "stopped" : "ready"} label={account.disabled ? "disabled" : "active"} /></Table.Td>
        <Table.Td><Text size="sm" c="dimmed"><TimeAgo at={account.created_at} /></Text></Table.Td>
        <Table.Td>
          <Group gap={6} wrap="nowrap">
            <ConfirmButton size="compact-xs" label="Reset password" title={`Reset the password of ${account.username}?`} consequence="They get a new password, shown here once, and are signed out everywhere." onConfirm={reset} />
            <Button size="compact-xs" variant="default" loading={changing.isPending} onClick={() => changing.mutate({ disabled: !account.disabled })} aria-label={`${account.disabled ? "Enable" : "Disable"} ${account.username}`}>{account.disabled ? "Enable" : "Disable"}</Button>
          </Group>
        </Table.Td>
      </Table.Tr>
      {secret && <Table.Tr><Table.Td colSpan={5}><SecretOnce title={`New password of ${account.username}`} secret={secret} note="Hand it over now: it is not shown again." /></Table.Td></Table.Tr>}
    </>
  );
}
