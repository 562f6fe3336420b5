import { useState } from "react";

import type { Address, Deployment, Version } from "@/client/types";
import type { Inputs } from "@/lib/form-schema";
import { initialInputs } from "@/lib/form-schema";
import { exampleOf, signatureOf } from "@/lib/signature";

import { useRunDraft } from "../api/run-draft";

/** The call that the form would make now: which version answers it, and with what inputs. */
export function useCall(address: Address, versions: Version[], deployment: Deployment) {
  const { draft, change } = useRunDraft(address);
  const [round, setRound] = useState(0);
  const aliases = deployment.aliases.map(({ alias, version }) => ({ value: alias, label: `${alias} (v${version})` }));
  const targets = [...aliases, ...versions.map(({ number }) => ({ value: `v${number}`, label: `v${number}` }))];
  const known = targets.some(({ value }) => value === draft.target) ? draft.target : (targets[0]?.value ?? "production");
  const version = answering(known, versions, deployment);
  const signature = signatureOf(version);
  const fresh = () => initialInputs(signature.inputs, exampleOf(version));
  const values = draft.inputs ?? fresh();
  return {
    version,
    targets,
    draft: { ...draft, target: known },
    change,
    values,
    round,
    setValues: (inputs: Inputs) => change({ inputs }),
    setFile: (input: string, fileName: string | null) => {
      const files = { ...draft.files };
      if (fileName === null) delete files[input];
      else files[input] = fileName;
      change({ files });
    },
    /** Back to the example; the form is made anew, so that half-typed JSON goes too. */
    reset: () => {
      change({ inputs: fresh(), files: {} });
      setRound(round + 1);
    },
  };
}

function answering(target: string, versions: Version[], deployment: Deployment): Version {
  const alias = deployment.aliases.find((item) => item.alias === target);
  const number = alias ? alias.version : Number(target.slice(1));
  return (versions.find((version) => version.number === number) ?? versions[0]) as Version;
}
