import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address } from "@/client/types";
import { shortRevision } from "@/lib/revision";

import { branchesQuery, tagsQuery } from "../api/revisions";

const COMMIT = /^[0-9a-f]{4,40}$/;

type Props = { address: Address; label: string; value: string; onChange: (revision: string) => void };

/** A branch, a tag, or a commit by what is typed of its id. */
export function RevisionSelect({ address, label, value, onChange }: Props) {
  const [typed, setTyped] = useState("");
  const branches = useQuery(branchesQuery(address)).data?.map(({ name }) => name) ?? [];
  const tags = useQuery(tagsQuery(address)).data?.map(({ name }) => name).reverse() ?? [];
  const heads = [...new Set(["main", ...branches])];
  const names = tags.filter((name) => !heads.includes(name));
  const isOther = (revision: string) => !heads.includes(revision) && !names.includes(revision);
  const commits = [...new Set([value, ...(COMMIT.test(typed) ? [typed] : [])])].filter(isOther);
  const groups = [["Commit", commits], ["Branches", heads], ["Tags", names]] as const;
  return (
    <Select
      w={150}
      size="xs"
      aria-label={label}
      searchable
      onSearchChange={(text) => setTyped(text.trim().toLowerCase())}
      nothingFoundMessage="Nothing is called so"
      data={groups.filter(([, items]) => items.length).map(([group, items]) => ({ group, items: items.map((item) => ({ value: item, label: shortRevision(item) })) }))}
      value={value}
      allowDeselect={false}
      onChange={(next) => next && onChange(next)}
    />
  );
}
