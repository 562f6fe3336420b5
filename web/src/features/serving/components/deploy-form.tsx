import { Button, Group, Select } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useState } from "react";

import type { Address, Deployment } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";

import { deploy, rollBack, stopDeployment } from "../api/deployment";
import { useDeploymentChange } from "./use-deployment-change";

type Props = { address: Address; versions: number[]; deployment?: Deployment };

/** The verbs of a deployment: deploy a version, roll back, stop. */
export function DeployForm({ address, versions, deployment }: Props) {
  const change = useDeploymentChange(address);
  const production = deployment?.aliases.find(({ alias }) => alias === "production");
  const [picked, setPicked] = useState<string | null>(null);
  const version = picked ?? String(versions[0] ?? "");
  const serving = deployment?.wanted === "serving";
  return (
    <Group gap="sm" align="flex-end" justify={deployment ? "flex-start" : "center"}>
      <Select label="Version" w={110} data={versions.map((number) => ({ value: String(number), label: `v${number}` }))} value={version} allowDeselect={false} onChange={setPicked} />
      <Button leftSection={<IconRocket size={16} />} loading={change.isPending} disabled={!version || (serving && production?.version === Number(version))} onClick={() => change.mutate({ act: () => deploy(address, Number(version)), done: `Version ${version} goes into production.` })}>
        {serving ? "Put into production" : "Deploy"}
      </Button>
      {production?.previous && (
        <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ act: () => rollBack(address, "production"), done: "Rolled back." })}>
          Roll back to v{production.previous}
        </Button>
      )}
      {serving && <ConfirmButton label="Stop" title="Stop serving?" consequence="Requests under way are answered; new ones are refused until you deploy again." onConfirm={() => change.mutateAsync({ act: () => stopDeployment(address), done: "Serving was stopped." })} />}
    </Group>
  );
}
