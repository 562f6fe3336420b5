import { Button, Group, Select, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";

import type { Address, Deployment } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { deleteAlias, setAlias } from "../api/deployment";
import { useDeploymentChange } from "./use-deployment-change";

type Props = { address: Address; deployment: Deployment; versions: number[]; canWrite: boolean };

/** Names that point at versions; `production` answers where no version is named. */
export function Aliases({ address, deployment, versions, canWrite }: Props) {
  const change = useDeploymentChange(address);
  return (
    <Section title="Aliases" flush>
      <ul className="rows">
        {deployment.aliases.map(({ alias, version, answering, updated_at }) => (
          <li key={alias} className="row">
            <b className="mono grow">{alias}</b>
            <Text size="sm">v{version}{answering !== version && <span className="quiet"> (v{answering} answers until it is ready)</span>}</Text>
            <Text size="sm" c="dimmed" className="wide-only">since <TimeAgo at={updated_at} /></Text>
            {canWrite && alias !== "production" && (
              <ConfirmButton size="compact-xs" label="Remove" title={`Remove the alias ${alias}?`} consequence="Calls that name it are refused." onConfirm={() => change.mutateAsync({ act: () => deleteAlias(address, alias).then(() => null), done: `${alias} was removed.` })} />
            )}
          </li>
        ))}
      </ul>
      {canWrite && versions.length > 0 && <NewAlias address={address} versions={versions} />}
    </Section>
  );
}

function NewAlias({ address, versions }: { address: Address; versions: number[] }) {
  const change = useDeploymentChange(address);
  const [alias, setName] = useState("candidate");
  const [version, setVersion] = useState<string | null>(String(versions[0]));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ act: () => setAlias(address, alias.trim(), Number(version)), done: `${alias} points at v${version}.` });
  };
  return (
    <form onSubmit={submit} style={{ borderTop: "1px solid var(--line)", padding: "12px 16px" }}>
      <Group gap="sm" align="flex-end">
        <TextInput size="xs" label="Alias" required value={alias} onChange={(event) => setName(event.currentTarget.value)} />
        <Select size="xs" w={100} label="points at" data={versions.map((number) => ({ value: String(number), label: `v${number}` }))} value={version} allowDeselect={false} onChange={setVersion} />
        <Button size="xs" type="submit" variant="default" loading={change.isPending}>Set alias</Button>
      </Group>
    </form>
  );
}
