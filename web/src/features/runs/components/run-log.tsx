import { ActionIcon, Anchor, Group, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp, IconDownload, IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useMemo, useState } from "react";

import { findLines } from "@/lib/run-feed";
import { LogView } from "@/ui/log-view";
import { Section } from "@/ui/section";

import { logUrl } from "../api/runs";

type Props = { id: string; lines: string[]; empty: string; connecting: boolean };

/** A run's log as it is written: followed or not, searched, downloaded. */
export function RunLog({ id, lines, empty, connecting }: Props) {
  const [following, setFollowing] = useState(true);
  const found = useFound(lines);
  const go = (step: number) => {
    setFollowing(false);
    found.go(step);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  };
  return (
    <Section
      title="Log"
      flush
      aside={
        <Group gap="sm" wrap="wrap">
          {connecting && <Text size="sm" c="dimmed" role="status">connecting…</Text>}
          <Group gap={4} wrap="nowrap">
            <TextInput size="xs" w={170} aria-label="Search the log" placeholder="Search" leftSection={<IconSearch size={14} aria-hidden />} value={found.text} onChange={(event) => found.setText(event.currentTarget.value)} onKeyDown={onKeyDown} />
            <Text size="sm" c="dimmed" role="status" miw={52}>{found.told}</Text>
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Find the one before" disabled={!found.count} onClick={() => go(-1)}><IconChevronUp size={16} /></ActionIcon>
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Find the next" disabled={!found.count} onClick={() => go(1)}><IconChevronDown size={16} /></ActionIcon>
          </Group>
          <Switch size="xs" label="Follow" checked={following} onChange={(event) => setFollowing(event.currentTarget.checked)} />
          <Anchor href={logUrl(id)} download={`run-${id}.log`} size="sm"><IconDownload size={14} style={{ verticalAlign: "-2px" }} aria-hidden /> Download</Anchor>
        </Group>
      }
    >
      <LogView lines={lines} label="Log of the run" empty={empty} follow={{ on: following, set: setFollowing }} found={found.line} />
    </Section>
  );
}

/** The lines with the text that is looked for, and which of them is shown. */
function useFound(lines: string[]) {
  const [text, setText] = useState("");
  const wanted = text.trim();
  const [settled] = useDebouncedValue(wanted, 150);
  const [at, setAt] = useState<{ of: string; index: number } | null>(null);
  const found = useMemo(() => findLines(lines, settled), [lines, settled]);
  const index = at?.of === settled && found.length ? ((at.index % found.length) + found.length) % found.length : null;
  // What was typed just now is gone to once it was looked for.
  const go = (step: number) => setAt({ of: wanted, index: index !== null && wanted === settled ? index + step : step > 0 ? 0 : -1 });
  const told = !settled ? "" : index === null ? `${found.length} found` : `${index + 1} of ${found.length}`;
  return { text, setText, go, told, count: found.length, line: index === null ? undefined : found[index] };
}
