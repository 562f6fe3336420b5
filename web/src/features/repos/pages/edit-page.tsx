import { Button, Group, Skeleton, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Address, MemberRole } from "@/client/types";
import { mayCommit } from "@/lib/member-role";
import { freshBranch } from "@/lib/revision";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { textQuery } from "../api/repos";
import { branchesQuery, createBranch, createCommit } from "../api/revisions";

const NOTHING = "0".repeat(40);

type Props = {
  address: Address;
  branch: string;
  role: MemberRole | null | undefined;
  path: string;
  isNew: boolean;
  /** Is told the file that was looked at last, and on which branch. */
  onDone: (path: string, branch: string) => void;
};

/** A text file of a branch to be changed, or a new one; saving makes a commit there or on a new branch. */
export function EditPage({ address, branch, role, path, isNew, onDone }: Props) {
  usePageTitle(`${isNew ? "New file" : `Edit ${path}`} · ${address.owner}/${address.name}`);
  const branches = useQuery({ ...branchesQuery(address), staleTime: 0, refetchOnMount: "always" });
  const begun = branches.data?.find(({ name }) => name === branch);
  const base = begun?.commit.id ?? NOTHING;
  const text = useQuery({ ...textQuery(address, base, path), enabled: !isNew && base !== NOTHING });
  const error = branches.error ?? text.error;
  if (error) return <ProblemAlert error={error} />;
  if (!branches.data || !branches.isFetchedAfterMount || (!isNew && text.data === undefined)) return <Skeleton height={320} />;
  const onto = !begun || mayCommit(role, begun) ? branch : freshBranch(branches.data.map(({ name }) => name));
  return <Editor key={branch + path} address={address} branch={branch} onto={onto} path={path} isNew={isNew} base={base} text={text.data ?? ""} onDone={onDone} />;
}

/** What is typed stays, whatever becomes of the branch meanwhile: the base is that of the text first shown. */
function Editor({ address, branch, onto, path, isNew, base: latest, text: shown, onDone }: Omit<Props, "role"> & { onto: string; base: string; text: string }) {
  const queries = useQueryClient();
  const [base] = useState(latest);
  const [input, setInput] = useState({ path: isNew && path ? `${path}/` : path, content: shown, message: "", branch: onto });
  const [made, setMade] = useState<string | null>(null);
  const target = input.branch.trim();
  const suggested = `${isNew ? "Add" : "Change"} ${input.path || "a file"}`;
  const saving = useMutation({
    mutationFn: async () => {
      if (target !== branch && target !== made) setMade((await createBranch(address, target, base)).name);
      return createCommit(address, { branch: target, base, message: input.message || suggested, changes: [{ path: input.path, content: input.content }] });
    },
    onSuccess: async () => {
      notifyDone(`Committed to ${target}.`);
      await queries.invalidateQueries({ queryKey: ["repos", address.owner, address.name] });
      onDone(input.path, target);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Section title={isNew ? "New file" : "Edit"}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Path" value={input.path} readOnly={!isNew} onChange={(e) => setInput({ ...input, path: e.currentTarget.value })} required data-autofocus={isNew || undefined} />
          <Textarea label="Content" value={input.content} onChange={(e) => setInput({ ...input, content: e.currentTarget.value })} autosize minRows={12} maxRows={40} spellCheck={false} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }} />
          <TextInput label="What changed, and why" placeholder={suggested} value={input.message} onChange={(e) => setInput({ ...input, message: e.currentTarget.value })} maxLength={2000} />
          <TextInput label="Branch" description={`Another name than ${branch} begins a new branch.`} value={input.branch} readOnly={base === NOTHING} onChange={(e) => setInput({ ...input, branch: e.currentTarget.value })} maxLength={189} required error={fieldProblems(saving.error).name} />
          {saving.error && <ProblemAlert error={saving.error} />}
          <Group>
            <Button type="submit" loading={saving.isPending} disabled={!input.path || !target || (!isNew && input.content === shown)}>Commit to {target || "…"}</Button>
            <Button variant="default" onClick={() => onDone(path, branch)}>Cancel</Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
