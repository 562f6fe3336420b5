import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { Address } from "@/client/types";

import { branchesQuery, tagsQuery } from "../api/revisions";

type Props = { address: Address; path: string; revision: string | undefined };

/** Which branch or tag is looked at; a commit that is neither is there when it is the one. */
export function RevisionChoice({ address, path, revision }: Props) {
  const navigate = useNavigate();
  const branches = useQuery(branchesQuery(address)).data?.map(({ name }) => name) ?? [];
  const tags = useQuery(tagsQuery(address)).data?.map(({ name }) => name).reverse() ?? [];
  const heads = [...new Set(["main", ...branches])];
  const names = tags.filter((name) => !heads.includes(name));
  const other = revision && !heads.includes(revision) && !names.includes(revision) ? [{ group: "Commit", items: [{ value: revision, label: revision.slice(0, 12) }] }] : [];
  return (
    <Select
      w={150}
      size="xs"
      aria-label="Revision"
      searchable
      data={[...other, { group: "Branches", items: heads }, ...(names.length ? [{ group: "Tags", items: names }] : [])]}
      value={revision ?? "main"}
      allowDeselect={false}
      onChange={(value) => void navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: path }, search: { revision: value === "main" || !value ? undefined : value } })}
    />
  );
}
