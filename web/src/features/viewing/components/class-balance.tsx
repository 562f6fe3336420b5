import { Text } from "@mantine/core";

import type { ItemSummary } from "@/client/types";
import { Section } from "@/ui/section";

import type { ItemFilter } from "../api/items";
import classes from "./item-grid.module.css";

const SHOWN = 500;

/** How many images each class has; a press shows those alone. */
export function ClassBalance({ summary, filter, onFilter }: { summary: ItemSummary; filter: ItemFilter; onFilter: (filter: ItemFilter) => void }) {
  const most = Math.max(1, ...summary.classes.map(({ count }) => count));
  const toggle = (label: string | null) => () => onFilter({ ...filter, label: label === null || label === filter.label ? undefined : label, unlabelled: label === null && !filter.unlabelled ? true : undefined });
  return (
    <Section title="Classes" flush aside={<Text size="sm" c="dimmed">{summary.classes.length.toLocaleString("en")}</Text>}>
      <ul className={classes.balance}>
        {summary.classes.slice(0, SHOWN).map(({ label, count }) => (
          <li key={label ?? ""}>
            <button type="button" className={classes.class} aria-pressed={label === null ? Boolean(filter.unlabelled) : label === filter.label} onClick={toggle(label)}>
              <span className="clip" title={label ?? undefined}>{label ?? <i>no label</i>}</span>
              <span className={classes.meter} aria-hidden><span style={{ width: `${(100 * count) / most}%` }} /></span>
              <span>{count.toLocaleString("en")}</span>
            </button>
          </li>
        ))}
      </ul>
      {summary.classes.length > SHOWN && <Text size="sm" c="dimmed" px="md" py={6}>Find the others in the list of classes above the images.</Text>}
    </Section>
  );
}
