import { Table } from "@mantine/core";

import type { Run, RunAttempt } from "@/client/types";
import { formatBytes, formatNumber, formatSeconds } from "@/lib/format";
import { Section } from "@/ui/section";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";
import { WideTable } from "@/ui/wide-table";

/** Every try with how it ended and what it used; a dash where the engine cannot know. */
export function RunAttempts({ run: { attempts = [], max_attempts } }: { run: Run }) {
  if (!attempts.length) return null;
  return (
    <Section title={attempts.length === 1 ? "Attempt and usage" : "Attempts and usage"} flush>
      <WideTable label="Each attempt" minWidth={620} aria-label={`Attempts, of ${max_attempts ?? 1} at most`} horizontalSpacing="md" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>{["Attempt", "Ended", "Exit", "Took", "CPU", "Memory, peak", "Memory", "GPU"].map((head) => <Table.Th key={head}>{head}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>{attempts.map((attempt) => <Row key={attempt.number} attempt={attempt} />)}</Table.Tbody>
      </WideTable>
    </Section>
  );
}

function Row({ attempt }: { attempt: RunAttempt }) {
  const { number, outcome, exit_code, reason, cpu_seconds, memory_peak_bytes, memory_gb_seconds, gpu_seconds, started_at, ended_at } = attempt;
  const took = ended_at ? formatSeconds((Date.parse(ended_at) - Date.parse(started_at)) / 1000) : null;
  return (
    <Table.Tr>
      <Table.Td>{number}</Table.Td>
      <Table.Td><StateBadge state={outcome ?? "running"} />{reason && <div className="quiet" style={{ maxWidth: 420 }}>{reason}</div>}</Table.Td>
      <Table.Td>{exit_code ?? "—"}</Table.Td>
      <Table.Td>{took ?? <>began <TimeAgo at={started_at} /></>}</Table.Td>
      <Table.Td>{known(cpu_seconds, formatSeconds)}</Table.Td>
      <Table.Td>{known(memory_peak_bytes, formatBytes)}</Table.Td>
      <Table.Td>{known(memory_gb_seconds, (value) => `${formatNumber(value)} GB s`)}</Table.Td>
      <Table.Td>{known(gpu_seconds, formatSeconds)}</Table.Td>
    </Table.Tr>
  );
}

function known(value: number | null, format: (value: number) => string): string {
  return value === null ? "—" : format(value);
}
