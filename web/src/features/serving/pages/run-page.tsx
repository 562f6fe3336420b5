import { Select } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import type { Address, Deployment, Version } from "@/client/types";
import { usePageTitle } from "@/ui/page-title";

import { deploymentQuery } from "../api/deployment";
import { predict } from "../api/predict";
import { type Caller, RunPanel } from "../components/run-panel";
import { useCall } from "../components/use-call";

export type CallProps = { address: Address; versions: Version[]; deployment: Deployment; signedIn: boolean };

/** Runs a model that this site serves: which version answers is chosen above the form. */
export function RunPage({ address, versions, deployment, signedIn }: CallProps) {
  usePageTitle(`Run · ${address.owner}/${address.name}`);
  const call = useCall(address, versions, deployment);
  const { version, draft, change, targets } = call;
  const queries = useQueryClient();
  const caller: Caller = {
    predict: (inputs, options) => predict(address, draft.target, inputs, { ...options, signedIn }),
    onSettled: () => void queries.invalidateQueries(deploymentQuery(address)),
    cold: !deployment.running.some(({ state }) => state === "ready"),
  };
  const choice = <Select size="xs" w={170} aria-label="Which version answers" data={targets} value={draft.target} allowDeselect={false} onChange={(target) => target && change({ target })} />;
  return <RunPanel version={version} held={call} caller={caller} formKey={draft.target} choice={choice} />;
}
