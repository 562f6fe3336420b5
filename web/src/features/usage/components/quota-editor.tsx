import { Button, Group, NativeSelect, NumberInput, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Quota, QuotaKind } from "@/client/types";
import { usageKind } from "@/lib/usage";
import { notifyDone } from "@/ui/notify";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { type Amounts, setQuotas } from "../api/usage";

type Choice = { rule: "site" | "free" | "bound"; amount: number | string };
const RULES = [
  { value: "site", label: "As the site" },
  { value: "free", label: "No bound" },
  { value: "bound", label: "Bound" },
];

/** What an administrator allows an account. */
export function QuotaEditor({ account, quotas }: { account: string; quotas: Quota[] }) {
  const queries = useQueryClient();
  const [choices, setChoices] = useState(() => Object.fromEntries(quotas.map((quota) => [quota.kind, choiceOf(quota)])));
  const saving = useMutation({
    mutationFn: () => setQuotas(account, amountsOf(choices)),
    onSuccess: () => {
      notifyDone(`The quotas of ${account} were changed.`);
      return queries.invalidateQueries({ queryKey: ["quotas"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Section title={`Quotas of ${account}`}>
      <form onSubmit={submit}>
        <Stack gap="xs">
          <Text size="sm" c="dimmed">By the month (UTC), but what is stored now and runs at the same time.</Text>
          {quotas.map(({ kind }) => (
            <QuotaRow key={kind} kind={kind} choice={choices[kind] ?? { rule: "site", amount: "" }} onChange={(choice) => setChoices({ ...choices, [kind]: choice })} />
          ))}
          {saving.error && <ProblemAlert error={saving.error} title="The quotas were not changed" />}
          <Group><Button type="submit" variant="default" loading={saving.isPending}>Save quotas</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}

function QuotaRow({ kind, choice, onChange }: { kind: QuotaKind; choice: Choice; onChange: (choice: Choice) => void }) {
  const { label, unit } = usageKind(kind);
  return (
    <Group gap="xs" align="center">
      <Text size="sm" w={170}>{label}</Text>
      <NativeSelect size="xs" w={120} aria-label={`Rule for ${label}`} data={RULES} value={choice.rule} onChange={(e) => onChange({ ...choice, rule: e.currentTarget.value as Choice["rule"] })} />
      {choice.rule === "bound" && (
        <NumberInput size="xs" w={170} aria-label={`${label}, ${unit}`} suffix={` ${unit}`} min={0} required value={choice.amount} onChange={(amount) => onChange({ ...choice, amount })} />
      )}
    </Group>
  );
}

function choiceOf(quota: Quota): Choice {
  if (quota.is_default) return { rule: "site", amount: "" };
  if (quota.limit === null) return { rule: "free", amount: "" };
  return { rule: "bound", amount: quota.limit / usageKind(quota.kind).scale };
}

/** What is left out follows the site. */
function amountsOf(choices: Record<string, Choice>): Amounts {
  const own = Object.entries(choices).filter(([, { rule }]) => rule !== "site");
  return Object.fromEntries(own.map(([kind, { rule, amount }]) => [kind, rule === "free" ? null : Number(amount) * usageKind(kind).scale]));
}
