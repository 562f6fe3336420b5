import { Button, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";

import type { AuditEvent } from "@/client/types";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";
import { WideTable } from "@/ui/wide-table";

import { auditCsv, type AuditFilter, auditQuery } from "../api/audit";

type Props = { filter: AuditFilter; onFilter: (filter: AuditFilter) => void };

/** Who did what, the latest first; the filter is the caller's to keep. */
export function AuditTable({ filter, onFilter }: Props) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(auditQuery(filter));
  const events = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Audit log" flush aside={<Button component="a" href={auditCsv(filter)} download size="xs" variant="default">CSV</Button>}>
      <Group className="body" gap="sm">
        <TextInput label="Who" placeholder="user name" defaultValue={filter.actor} onBlur={(e) => onFilter({ ...filter, actor: e.currentTarget.value.trim() || undefined })} />
        <TextInput label="What" placeholder="member, version.deleted, …" defaultValue={filter.action} onBlur={(e) => onFilter({ ...filter, action: e.currentTarget.value.trim() || undefined })} />
      </Group>
      {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
      {data && !events.length && <Text className="body" c="dimmed">Nothing of this kind has happened.</Text>}
      {events.length > 0 && (
        <Stack gap="xs">
          <WideTable label="Audit log" minWidth={760}>
            <Table.Thead><Table.Tr>{["When", "Who", "Did", "To", "Details", "By"].map((head) => <Table.Th key={head}>{head}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>{events.map((event) => <Event key={event.id} event={event} />)}</Table.Tbody>
          </WideTable>
          {hasNextPage && <div className="body"><Button size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show more</Button></div>}
        </Stack>
      )}
    </Section>
  );
}

function Event({ event: { at, actor, action, subject, details, via, credential, address } }: { event: AuditEvent }) {
  const told = Object.entries(details).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return (
    <Table.Tr>
      <Table.Td><TimeAgo at={at} /></Table.Td>
      <Table.Td>{actor ?? "the platform"}</Table.Td>
      <Table.Td>{action}</Table.Td>
      <Table.Td>{subject}</Table.Td>
      <Table.Td>{told.join(" · ")}</Table.Td>
      <Table.Td>{credential ? `token ${credential}` : via}{address && `, ${address}`}</Table.Td>
    </Table.Tr>
  );
}
