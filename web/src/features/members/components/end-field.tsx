import { Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { dayOf, endOfDay } from "@/lib/day";

type Props = { label: string; value: string | null; onChange: (end: string | null) => Promise<unknown> };

/** The day with which a membership ends; empty where it does not. What is chosen counts when the field is left. */
export function EndField({ label, value, onChange }: Props) {
  const shown = value ? dayOf(value) : "";
  const [day, setDay] = useState(shown);
  const save = async () => {
    if (day !== shown) await onChange(day ? endOfDay(day) : null).catch(() => setDay(shown));
  };
  return (
    <TextInput
      type="date"
      size="xs"
      w={175}
      leftSection={<Text size="xs" c="dimmed">until</Text>}
      leftSectionWidth={44}
      aria-label={label}
      max="9999-12-30"
      value={day}
      onChange={(e) => setDay(e.currentTarget.value)}
      onBlur={() => void save()}
      onKeyDown={(e) => e.key === "Enter" && e.currentTarget.blur()}
    />
  );
}
