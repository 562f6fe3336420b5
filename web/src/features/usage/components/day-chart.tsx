import { NativeSelect, Skeleton, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";

import type { UsageLine } from "@/client/types";
import { fillDays, USAGE_KINDS, usageKind } from "@/lib/usage";
import { Section } from "@/ui/section";

const BarChart = lazy(() => import("@/ui/bar-chart"));
const HEIGHT = 220;

/** One kind of usage, day by day. */
export function DayChart({ month, lines }: { month: string; lines: UsageLine[] }) {
  const kinds = USAGE_KINDS.filter((kind) => lines.some((line) => line.kind === kind));
  const [chosen, setChosen] = useState<string>();
  const kind = kinds.find((one) => one === chosen) ?? kinds[0] ?? USAGE_KINDS[0];
  const days = fillDays(month, lines, kind);
  const names = days.map(({ day }) => String(Number(day.slice(-2))));
  const values = days.map(({ quantity }) => quantity);
  const { label, format } = usageKind(kind);
  const total = values.reduce((sum, value) => sum + value, 0);
  const options = kinds.map((value) => ({ value, label: usageKind(value).label }));
  const choice = options.length > 0 && <NativeSelect size="xs" aria-label="What is shown by day" data={options} value={kind} onChange={(e) => setChosen(e.currentTarget.value)} />;
  return (
    <Section title="By day" aside={choice}>
      {kinds.length ? (
        <Suspense fallback={<Skeleton height={HEIGHT} />}>
          <BarChart label={`${label} by day: ${format(total)} in all`} names={names} values={values} format={format} height={HEIGHT} />
        </Suspense>
      ) : (
        <Text c="dimmed" size="sm">Nothing was used in this month. Runs, predictions, downloads and what you store appear here.</Text>
      )}
    </Section>
  );
}
