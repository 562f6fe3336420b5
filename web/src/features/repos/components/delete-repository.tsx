import type { ButtonProps } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import type { Repository } from "@/client/types";
import { ConfirmButton } from "@/ui/confirm-button";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { deleteRepository } from "../api/repos";

type Props = ButtonProps & { repository: Repository; label?: string; onDeleted: () => void };

/** The owner's way to delete all of it; its name has to be typed. */
export function DeleteRepository({ repository: { owner, name, kind }, label = "Delete", onDeleted, ...button }: Props) {
  const queries = useQueryClient();
  const remove = () =>
    deleteRepository({ owner, name }).then(
      () => {
        notifyDone(`${owner}/${name} was deleted.`);
        onDeleted();
        queries.removeQueries({ queryKey: ["repos", owner, name] });
        void queries.invalidateQueries({ queryKey: ["repos"] });
      },
      (error: unknown) => {
        notifyProblem(error, "It was not deleted");
        throw error;
      },
    );
  return <ConfirmButton {...button} label={label} title={`Delete ${owner}/${name}?`} consequence={CONSEQUENCES[kind]} phrase={`${owner}/${name}`} onConfirm={remove} />;
}

const CONSEQUENCES: Record<Repository["kind"], string> = {
  model: "Its versions, images, files and deployment are deleted, and programs that call it are refused.",
  operation: "Its versions, images and files are deleted, and programs that call it are refused.",
  dataset: "Its versions and files are deleted, and links to its downloads stop working.",
};
