import { Button, Checkbox, Popover, Stack, Text } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";

import { columnName, isMetric, shownColumns, toggledColumns } from "@/lib/experiment-table";

type Props = { all: string[]; chosen: string[]; onChange: (columns: string[]) => void };

/** Which parameters and metrics stand in the table. */
export function ColumnChoice({ all, chosen, onChange }: Props) {
  const shown = shownColumns(chosen, all);
  const groups = [
    { title: "Parameters", columns: all.filter((column) => !isMetric(column)) },
    { title: "Metrics", columns: all.filter(isMetric) },
  ];
  return (
    <Popover trapFocus withArrow shadow="md" position="bottom-end" withinPortal transitionProps={{ duration: 0 }}>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconColumns3 size={15} />} disabled={!all.length}>Columns{shown.length < all.length && ` · ${shown.length} of ${all.length}`}</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns" style={{ maxHeight: "min(60vh, 480px)", overflowY: "auto" }}>
        <Stack gap="sm">
          {groups.filter(({ columns }) => columns.length).map(({ title, columns }) => (
            <Stack key={title} gap={6} role="group" aria-label={title}>
              <Text size="sm" fw={600}>{title}</Text>
              {columns.map((column) => <Checkbox key={column} size="xs" label={columnName(column)} checked={shown.includes(column)} disabled={shown.length === 1 && shown.includes(column)} onChange={() => onChange(toggledColumns(chosen, all, column))} />)}
            </Stack>
          ))}
          <Button size="compact-sm" variant="default" disabled={shown.length === all.length} onClick={() => onChange([])}>Show all</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
