import { Pill } from "@mantine/core";

import type { TableFilter } from "../../api/source";
import { OPERATORS } from "./operators";

type Props = { filters: TableFilter[]; onChange: (filters: TableFilter[]) => void };

/** What the rows have to match; each can be taken away. */
export function FilterPills({ filters, onChange }: Props) {
  if (!filters.length) return null;
  return (
    <Pill.Group role="group" aria-label="Filters">
      {filters.map((one, index) => (
        <Pill key={index} withRemoveButton onRemove={() => onChange(filters.filter((other) => other !== one))} removeButtonProps={{ "aria-label": `Remove the filter on ${one.column}`, "aria-hidden": false, tabIndex: 0 }}>
          {one.column} {OPERATORS[one.op].short} {one.value}
        </Pill>
      ))}
    </Pill.Group>
  );
}
