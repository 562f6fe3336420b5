import { Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import type { OperationForm } from "@/client/types";
import { formatBytes, formatSeconds } from "@/lib/format";
import type { OrderDraft } from "@/lib/run-order";

import type { HeldOrder } from "../api/order-draft";

const GB = 1e9;
const MINUTE = 60;

type Props = {
  held: HeldOrder;
  resources: OperationForm["resources"];
  /** Who asks: whose dataset the outputs become. */
  account: string | null;
  problems: Record<string, string>;
  /** The form that Enter in a field sends. */
  form: string;
  /** Where the experiment is chosen that it is one of. */
  experiment: React.ReactNode;
};

/** What a run is called and may take, and what becomes of its outputs. */
export function OrderOptions({ held: { draft, change }, resources, account, problems, form, experiment }: Props) {
  const [opened, setOpened] = useState(draft.experimentId !== "");
  const isAtFault = ["cpus", "memory_bytes", "timeout_seconds", "max_attempts", "priority", "labels", "experiment_id"].some((name) => name in problems);
  const keep = () => {
    const name = draft.keepAs.trim();
    if (name && account && !name.includes("/")) change({ keepAs: `${account}/${name}` });
  };
  return (
    <Stack gap="sm">
      <TextInput form={form} label="Title" description="What you find it by in your list; optional." maxLength={200} value={draft.title} onChange={(e) => change({ title: e.currentTarget.value })} error={problems.title} />
      <TextInput form={form} label="Keep the outputs as a dataset" description="They become its next version when the run succeeds; optional." placeholder={account ? `${account}/results` : "owner/name"} value={draft.keepAs} onChange={(e) => change({ keepAs: e.currentTarget.value })} onBlur={keep} error={problems.keep_as} />
      <details open={opened || isAtFault} onToggle={(e) => setOpened(e.currentTarget.open)}>
        <summary style={{ cursor: "pointer", fontWeight: 600 }}>Advanced</summary>
        <div style={{ marginTop: 8, maxWidth: 420 }}>{experiment}</div>
        <Text size="sm" c="dimmed" mt="sm">Left empty, it is what the version asks for.</Text>
        <Group gap="sm" mt={4} align="flex-start">
          <Amount form={form} label="Cores" placeholder={String(resources.cpus)} value={draft.resources.cpus} unit={1} problem={problems.cpus} onChange={(cpus) => change(resourcesOf({ cpus }))} />
          <Amount form={form} label="Memory, GB" placeholder={formatBytes(resources.memory_bytes ?? 0)} value={draft.resources.memory_bytes} unit={GB} problem={problems.memory_bytes} onChange={(memory_bytes) => change(resourcesOf({ memory_bytes: memory_bytes && Math.round(memory_bytes) }))} />
          <Amount form={form} label="Time, minutes" placeholder={formatSeconds(resources.timeout_seconds ?? 0)} value={draft.resources.timeout_seconds} unit={MINUTE} problem={problems.timeout_seconds} onChange={(timeout_seconds) => change(resourcesOf({ timeout_seconds }))} />
          <NumberInput form={form} w={130} label="Attempts" min={1} max={10} value={draft.maxAttempts} onChange={(value) => change({ maxAttempts: Number(value) || 1 })} error={problems.max_attempts} />
          <NumberInput form={form} w={130} label="Priority" min={-10} max={10} value={draft.priority} onChange={(value) => change({ priority: Number(value) || 0 })} error={problems.priority} />
        </Group>
      </details>
    </Stack>
  );
}

function resourcesOf(part: Partial<OrderDraft["resources"]>) {
  return (old: OrderDraft): Partial<OrderDraft> => ({ resources: { ...old.resources, ...part } });
}

type AmountProps = { form: string; label: string; placeholder: string; value: number | null; unit: number; problem?: string; onChange: (value: number | null) => void };

/** A number in the unit of its label; empty is null. */
function Amount({ form, label, placeholder, value, unit, problem, onChange }: AmountProps) {
  return <NumberInput form={form} w={130} label={label} placeholder={placeholder} min={0} decimalScale={3} value={value === null ? "" : value / unit} onChange={(next) => onChange(next === "" ? null : Number(next) * unit)} error={problem} />;
}
