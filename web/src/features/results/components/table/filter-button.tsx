import { ActionIcon, Button, Group, Popover, Select, Stack, TextInput } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useState } from "react";

import type { TableColumn } from "@/client/types";

import type { Operator, TableFilter } from "../../api/source";
import { OPERATORS, operatorsOf } from "./operators";

type Props = { column: TableColumn; filters: TableFilter[]; onFilter: (filters: TableFilter[]) => void };

/** Opens a small form that adds a condition on the column, or changes the one it has. */
export function FilterButton({ column, filters, onFilter }: Props) {
  const [open, setOpen] = useState(false);
  const own = filters.find((one) => one.column === column.name);
  const apply = (one: TableFilter | null) => {
    setOpen(false);
    onFilter([...filters.filter((other) => other !== own), ...(one ? [one] : [])]);
  };
  return (
    <Popover opened={open} onChange={setOpen} trapFocus withArrow shadow="md" position="bottom-end" withinPortal transitionProps={{ duration: 0 }}>
      <Popover.Target>
        <ActionIcon size="sm" variant={own ? "light" : "subtle"} color={own ? undefined : "gray"} aria-label={`Filter by ${column.name}`} onClick={() => setOpen(!open)}><IconFilter size={13} /></ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Filter by ${column.name}`}>{open && <Form column={column} own={own} onApply={apply} />}</Popover.Dropdown>
    </Popover>
  );
}

function Form({ column, own, onApply }: { column: TableColumn; own: TableFilter | undefined; onApply: (one: TableFilter | null) => void }) {
  const operators = operatorsOf(column);
  const [op, setOp] = useState<Operator>(own?.op ?? operators[0] ?? "eq");
  const [value, setValue] = useState(own?.value ?? "");
  const isBare = OPERATORS[op].bare;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (isBare || value) onApply({ column: column.name, op, value: isBare ? null : value });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs" w={220}>
        <Select label={column.name} data={operators.map((one) => ({ value: one, label: OPERATORS[one].name }))} value={op} allowDeselect={false} comboboxProps={{ withinPortal: false }} onChange={(chosen) => setOp(chosen as Operator)} />
        {!isBare && <TextInput aria-label="Value" placeholder={EXAMPLES[column.type]} value={value} onChange={(event) => setValue(event.currentTarget.value)} />}
        <Group gap="xs">
          <Button type="submit" size="xs">Apply</Button>
          {own && <Button size="xs" variant="default" onClick={() => onApply(null)}>Remove</Button>}
        </Group>
      </Stack>
    </form>
  );
}

const EXAMPLES: Partial<Record<TableColumn["type"], string>> = { boolean: "true", date: "2024-12-31", time: "13:30", datetime: "2024-12-31 13:30", integer: "100", number: "0.5" };
