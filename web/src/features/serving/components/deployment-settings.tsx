import { Button, Group, NumberInput, Radio, SimpleGrid, Stack, Switch } from "@mantine/core";
import { type FormEvent, useState } from "react";

import type { Address, Deployment } from "@/client/types";
import { Section } from "@/ui/section";

import { changeDeployment } from "../api/deployment";
import { useDeploymentChange } from "./use-deployment-change";

const CALLERS: { value: Deployment["callers"]; label: string; meaning: string }[] = [
  { value: "readers", label: "Readers", meaning: "Everybody who may see this repository." },
  { value: "owner", label: "Owner", meaning: "Only the owner and administrators." },
];

/** Who may call, how much runs, and when it stops. */
export function DeploymentSettings({ address, deployment }: { address: Address; deployment: Deployment }) {
  const change = useDeploymentChange(address);
  const [input, setInput] = useState(deployment);
  const { callers, replicas, workers, keep_warm, idle_stop_seconds } = input;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ act: () => changeDeployment(address, { callers, replicas, workers, keep_warm, idle_stop_seconds }), done: "The settings were saved." });
  };
  return (
    <Section title="Settings">
      <form onSubmit={submit}>
        <Stack gap="md">
          <Radio.Group label="Who may call" value={callers} onChange={(value) => setInput({ ...input, callers: value })}>
            <Group mt={6} gap="lg">{CALLERS.map(({ value, label, meaning }) => <Radio key={value} value={value} label={label} description={meaning} />)}</Group>
          </Radio.Group>
          <Switch label="Keep warm" description="Always running, so that no call waits for a start." checked={keep_warm} onChange={(event) => setInput({ ...input, keep_warm: event.currentTarget.checked })} />
          <SimpleGrid cols={{ base: 1, xs: 3 }}>
            <NumberInput label="Replicas" description="Containers while it is kept warm." min={1} max={16} value={replicas} onChange={(value) => setInput({ ...input, replicas: Number(value) || 1 })} />
            <NumberInput label="Workers" description="Processes in each container." min={1} max={16} value={workers} onChange={(value) => setInput({ ...input, workers: Number(value) || 1 })} />
            <NumberInput label="Stop when idle for" description="Seconds without a call." min={5} max={604800} suffix=" s" value={idle_stop_seconds} disabled={keep_warm} onChange={(value) => setInput({ ...input, idle_stop_seconds: Number(value) || 5 })} />
          </SimpleGrid>
          <Group><Button type="submit" variant="default" loading={change.isPending}>Save settings</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}
