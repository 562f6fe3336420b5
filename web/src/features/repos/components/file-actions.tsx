import { Group } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { Address, FileEntry } from "@/client/types";
import { isText } from "@/lib/file-kind";
import { ConfirmButton } from "@/ui/confirm-button";
import { LinkButton } from "@/ui/links";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { branchesQuery, createCommit } from "../api/revisions";

type Props = { address: Address; path: string; branch: string; file: FileEntry | undefined };

/** What can be done by hand on a branch: a new file, another text, or none. Tags and commits stay as they are. */
export function FileActions({ address, path, branch, file }: Props) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data } = useQuery(branchesQuery(address));
  const base = data?.find(({ name }) => name === branch)?.commit.id;
  const search = { revision: branch === "main" ? undefined : branch };
  if (!data || (base === undefined && branch !== "main")) return null;
  if (!file) return <LinkButton to="/$owner/$name/new/$" params={{ ...address, _splat: path }} search={search} size="xs" variant="default" ml="auto">New file</LinkButton>;
  const remove = async () => {
    try {
      await createCommit(address, { branch, base: base ?? "", message: `Delete ${path}`, changes: [{ path, content: null }] });
    } catch (error) {
      notifyProblem(error, "It was not deleted");
      throw error;
    }
    notifyDone(`Deleted from ${branch}.`);
    await queries.invalidateQueries({ queryKey: ["repos", address.owner, address.name] });
    await navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: path.split("/").slice(0, -1).join("/") }, search });
  };
  return (
    <Group gap="xs" ml="auto">
      {isText(file.name, file) && <LinkButton to="/$owner/$name/edit/$" params={{ ...address, _splat: path }} search={search} size="xs" variant="default">Edit</LinkButton>}
      <ConfirmButton size="xs" label="Delete" title={`Delete ${file.name}?`} consequence={`A commit on ${branch} removes it; the history keeps it.`} onConfirm={remove} />
    </Group>
  );
}
