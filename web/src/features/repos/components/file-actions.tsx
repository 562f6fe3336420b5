import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { Address, Branch, FileEntry, MemberRole } from "@/client/types";
import { isText } from "@/lib/file-kind";
import { allows, mayCommit } from "@/lib/member-role";
import { ConfirmButton } from "@/ui/confirm-button";
import { LinkButton } from "@/ui/links";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { branchesQuery, createCommit } from "../api/revisions";

type Props = { address: Address; path: string; branch: string; role: MemberRole | null | undefined; file: FileEntry | undefined };

/**
 * What can be done by hand on a branch: a new file, another text, or none. Who may not commit to it edits all the same,
 * onto a new branch. Tags and commits stay as they are.
 */
export function FileActions({ address, path, branch, role, file }: Props) {
  const { data } = useQuery(branchesQuery(address));
  const found = data?.find(({ name }) => name === branch);
  const makesMain = data !== undefined && !found && branch === "main";
  if (!allows(role, makesMain ? "maintainer" : "contributor") || !(found || makesMain)) return null;
  const target = { params: { ...address, _splat: path }, search: { revision: branch === "main" ? undefined : branch } };
  if (!file) return <LinkButton to="/$owner/$name/new/$" {...target} size="xs" variant="default">New file</LinkButton>;
  return (
    <>
      {isText(file.name, file) && <LinkButton to="/$owner/$name/edit/$" {...target} size="xs" variant="default">Edit</LinkButton>}
      {found && mayCommit(role, found) && <Deletion address={address} path={path} branch={found} />}
    </>
  );
}

function Deletion({ address, path, branch: { name, commit } }: { address: Address; path: string; branch: Branch }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = async () => {
    try {
      await createCommit(address, { branch: name, base: commit.id, message: `Delete ${path}`, changes: [{ path, content: null }] });
    } catch (error) {
      notifyProblem(error, "It was not deleted");
      throw error;
    }
    notifyDone(`Deleted from ${name}.`);
    await queries.invalidateQueries({ queryKey: ["repos", address.owner, address.name] });
    await navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: path.split("/").slice(0, -1).join("/") }, search: { revision: name === "main" ? undefined : name } });
  };
  return <ConfirmButton size="xs" label="Delete" title={`Delete ${path.split("/").pop()}?`} consequence={`A commit on ${name} removes it; the history keeps it.`} onConfirm={remove} />;
}
