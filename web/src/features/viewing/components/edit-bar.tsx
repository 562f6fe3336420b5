import { Autocomplete, Button, Group, Text } from "@mantine/core";
import { useState } from "react";

import { describeEdits, type Edits } from "@/lib/item-edits";

import classes from "./item-grid.module.css";

type Props = {
  chosen: number;
  edits: Edits;
  classNames: string[];
  busy: boolean;
  onRelabel: (label: string) => void;
  onDelete: () => void;
  onClear: () => void;
  onDiscard: () => void;
  onMake: () => void;
};

/** What can be done with the images that are chosen, and what is to be changed in the next version. */
export function EditBar({ chosen, edits, classNames, busy, onRelabel, onDelete, onClear, onDiscard, onMake }: Props) {
  const [label, setLabel] = useState("");
  if (!chosen && !edits.size) return null;
  const relabel = (event: React.FormEvent) => {
    event.preventDefault();
    if (label.trim()) onRelabel(label.trim());
  };
  return (
    <div className={classes.bar} role="region" aria-label="Changes">
      {chosen > 0 && (
        <form onSubmit={relabel}>
          <Group gap="xs">
            <Text size="sm" fw={600} role="status">{chosen.toLocaleString("en")} chosen</Text>
            <Autocomplete size="xs" w={180} aria-label="New label" placeholder="New label" data={classNames} limit={20} value={label} onChange={setLabel} maxLength={200} />
            <Button size="xs" type="submit" disabled={!label.trim()}>Relabel</Button>
            <Button size="xs" variant="default" onClick={onDelete}>Delete</Button>
            <Button size="xs" variant="subtle" onClick={onClear}>Choose none</Button>
          </Group>
        </form>
      )}
      {edits.size > 0 && (
        <Group gap="xs" mt={chosen ? "xs" : 0}>
          <Text size="sm" role="status">To change: {describeEdits(edits)}.</Text>
          <Button size="xs" loading={busy} onClick={onMake}>Make a new version</Button>
          <Button size="xs" variant="subtle" disabled={busy} onClick={onDiscard}>Discard</Button>
        </Group>
      )}
    </div>
  );
}
