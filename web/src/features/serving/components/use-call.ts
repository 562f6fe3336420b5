import type { Address, Deployment, Version } from "@/client/types";

import { useRunDraft } from "../api/run-draft";
import { useInputs } from "./use-inputs";

/** The call that the form would make now: which version answers it, and with what inputs. */
export function useCall(address: Address, versions: Version[], deployment: Deployment) {
  const { draft, change } = useRunDraft(address);
  const aliases = deployment.aliases.map(({ alias, version }) => ({ value: alias, label: `${alias} (v${version})` }));
  const targets = [...aliases, ...versions.map(({ number }) => ({ value: `v${number}`, label: `v${number}` }))];
  const known = targets.some(({ value }) => value === draft.target) ? draft.target : (targets[0]?.value ?? "production");
  const version = answering(known, versions, deployment);
  return { version, targets, draft: { ...draft, target: known }, change, ...useInputs({ draft, change }, version) };
}

function answering(target: string, versions: Version[], deployment: Deployment): Version {
  const alias = deployment.aliases.find((item) => item.alias === target);
  const number = alias ? alias.version : Number(target.slice(1));
  return (versions.find((version) => version.number === number) ?? versions[0]) as Version;
}
