import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconGitBranch, IconGitCompare, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import type { Address, MemberRole } from "@/client/types";
import { allows, mayCommit } from "@/lib/member-role";
import { shortRevision } from "@/lib/revision";
import { ConfirmDialog } from "@/ui/confirm-button";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { branchesQuery, deleteBranch } from "../api/revisions";
import { NewBranchDialog } from "./new-branch-dialog";

type Props = { address: Address; path: string; revision: string; role: MemberRole | null | undefined };

/** What can be done with the revision that is shown: begin a branch there, compare it, delete it if it is a branch. */
export function BranchMenu({ address, path, revision, role }: Props) {
  const [asked, setAsked] = useState<"branch" | "deletion" | null>(null);
  const { data: branches } = useQuery(branchesQuery(address));
  if (!branches?.length) return null;
  const shown = branches.find(({ name }) => name === revision);
  const close = () => setAsked(null);
  return (
    <>
      <Menu position="bottom-start" width={230}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={`More about ${shortRevision(revision)}`}><IconDots size={16} /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {allows(role, "contributor") && <Menu.Item leftSection={<IconGitBranch size={16} />} onClick={() => setAsked("branch")}>New branch from here</Menu.Item>}
          <Menu.Item leftSection={<IconGitCompare size={16} />} renderRoot={(props) => <Link to="/$owner/$name/compare" params={address} search={{ head: revision }} {...props} />}>Compare</Menu.Item>
          {shown && !shown.protected && mayCommit(role, shown) && <Menu.Item color="red.9" leftSection={<IconTrash size={16} />} onClick={() => setAsked("deletion")}>Delete this branch</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <NewBranchDialog address={address} path={path} revision={revision} opened={asked === "branch"} onClose={close} />
      <Deletion address={address} branch={revision} opened={asked === "deletion"} onClose={close} />
    </>
  );
}

function Deletion({ address, branch, ...dialog }: { address: Address; branch: string; opened: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = async () => {
    try {
      await deleteBranch(address, branch);
    } catch (error) {
      notifyProblem(error, "It was not deleted");
      throw error;
    }
    notifyDone(`${branch} was deleted.`);
    await navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: "" }, search: {} });
    await queries.invalidateQueries(branchesQuery(address));
  };
  return <ConfirmDialog {...dialog} label="Delete" title={`Delete ${branch}?`} consequence="Its commits that are on no other branch and in no tag go with it." onConfirm={remove} />;
}
