import { NativeSelect, Text } from "@mantine/core";
import { useState } from "react";

import type { UsageLine } from "@/client/types";
import { fillDays, USAGE_KINDS, usageKind } from "@/lib/usage";
import { Chart } from "@/ui/chart";
import { Section } from "@/ui/section";

/** One kind of usage, day by day. */
export function DayChart({ month, lines }: { month: string; lines: UsageLine[] }) {
  const kinds = USAGE_KINDS.filter((kind) => lines.some((line) => line.kind === kind));
  const [chosen, setChosen] = useState<string>();
  const kind = kinds.find((one) => one === chosen) ?? kinds[0] ?? USAGE_KINDS[0];
  const points = fillDays(month, lines, kind).map(({ day, quantity }): [string, number] => [String(Number(day.slice(-2))), quantity]);
  const { label, format } = usageKind(kind);
  const total = points.reduce((sum, [, quantity]) => sum + quantity, 0);
  const options = kinds.map((value) => ({ value, label: usageKind(value).label }));
  const choice = options.length > 0 && <NativeSelect size="xs" aria-label="What is shown by day" data={options} value={kind} onChange={(e) => setChosen(e.currentTarget.value)} />;
  return (
    <Section title="By day" aside={choice}>
      {kinds.length ? (
        <Chart label={`${label} by day: ${format(total)} in all`} kind="bar" axis="name" series={[{ name: label, points }]} format={format} height={220} />
      ) : (
        <Text c="dimmed" size="sm">Nothing was used in this month. Runs, predictions, downloads and what you store appear here.</Text>
      )}
    </Section>
  );
}
