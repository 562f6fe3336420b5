import { useQueryClient } from "@tanstack/react-query";

import type { Address, Repository } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { deleteVersion, versionsQuery } from "../api/versions";

type Props = { address: Address; kind: Repository["kind"]; number: number; label?: string; onDeleted?: () => void };

/** The owner's way to delete one version; it asks once. */
export function DeleteVersion({ address, kind, number, label = "Delete", onDeleted }: Props) {
  const queries = useQueryClient();
  const remove = () =>
    deleteVersion(address, number).then(
      () => {
        notifyDone(`Version ${number} was deleted.`);
        onDeleted?.();
        return queries.invalidateQueries(versionsQuery(address));
      },
      (error: unknown) => {
        notifyProblem(error, "It was not deleted");
        throw error;
      },
    );
  return <ConfirmButton size="xs" label={label} title={`Delete version ${number}?`} consequence={`Its tag, ${kind === "dataset" ? "downloads" : "image"} and log are deleted. Its number is not used again.`} onConfirm={remove} />;
}
