import { ActionIcon, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";

type Props = { first: number; shown: number; total: number; onChange: (first: number) => void };

/** Which columns of a wide table are on the page. */
export function ColumnWindow({ first, shown, total, onChange }: Props) {
  const last = Math.min(first + shown, total);
  return (
    <Group gap={4} ml="auto" wrap="nowrap">
      <ActionIcon variant="default" size="sm" aria-label="Columns before" disabled={first === 0} onClick={() => onChange(Math.max(0, first - shown))}><IconChevronLeft size={14} /></ActionIcon>
      <Text size="sm" c="dimmed">Columns {first + 1}–{last} of {total.toLocaleString("en")}</Text>
      <ActionIcon variant="default" size="sm" aria-label="Columns after" disabled={last === total} onClick={() => onChange(first + shown)}><IconChevronRight size={14} /></ActionIcon>
    </Group>
  );
}
