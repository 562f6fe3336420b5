import { Button, Group, Skeleton, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import type { Address } from "@/client/types";
import { notifyDone } from "@/ui/notify";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { textQuery } from "../api/repos";
import { branchesQuery, createCommit } from "../api/revisions";

const NOTHING = "0".repeat(40);

type Props = { address: Address; branch: string; path: string; isNew: boolean; onDone: (path: string) => void };

/** A text file of a branch to be changed, or a new one; saving makes a commit. */
export function EditPage({ address, branch, path, isNew, onDone }: Props) {
  usePageTitle(`${isNew ? "New file" : `Edit ${path}`} · ${address.owner}/${address.name}`);
  const branches = useQuery({ ...branchesQuery(address), staleTime: 0, refetchOnMount: "always" });
  const base = branches.data?.find(({ name }) => name === branch)?.commit.id ?? NOTHING;
  const text = useQuery({ ...textQuery(address, base, path), enabled: !isNew && base !== NOTHING });
  const error = branches.error ?? text.error;
  if (error) return <ProblemAlert error={error} />;
  if (!branches.data || !branches.isFetchedAfterMount || (!isNew && text.data === undefined)) return <Skeleton height={320} />;
  return <Editor key={branch + path} address={address} branch={branch} path={path} isNew={isNew} base={base} text={text.data ?? ""} onDone={onDone} />;
}

/** What is typed stays, whatever becomes of the branch meanwhile: the base is that of the text first shown. */
function Editor({ address, branch, path, isNew, base: latest, text: shown, onDone }: Props & { base: string; text: string }) {
  const queries = useQueryClient();
  const [base] = useState(latest);
  const [input, setInput] = useState({ path: isNew && path ? `${path}/` : path, content: shown, message: "" });
  const suggested = `${isNew ? "Add" : "Change"} ${input.path || "a file"}`;
  const saving = useMutation({
    mutationFn: () => createCommit(address, { branch, base, message: input.message || suggested, changes: [{ path: input.path, content: input.content }] }),
    onSuccess: async () => {
      notifyDone(`Committed to ${branch}.`);
      await queries.invalidateQueries({ queryKey: ["repos", address.owner, address.name] });
      onDone(input.path);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Section title={isNew ? `New file on ${branch}` : `Edit on ${branch}`}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Path" value={input.path} readOnly={!isNew} onChange={(e) => setInput({ ...input, path: e.currentTarget.value })} required data-autofocus={isNew || undefined} />
          <Textarea label="Content" value={input.content} onChange={(e) => setInput({ ...input, content: e.currentTarget.value })} autosize minRows={12} maxRows={40} spellCheck={false} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }} />
          <TextInput label="What changed, and why" placeholder={suggested} value={input.message} onChange={(e) => setInput({ ...input, message: e.currentTarget.value })} maxLength={2000} />
          {saving.error && <ProblemAlert error={saving.error} />}
          <Group>
            <Button type="submit" loading={saving.isPending} disabled={!input.path || (!isNew && input.content === shown)}>Commit to {branch}</Button>
            <Button variant="default" onClick={() => onDone(path)}>Cancel</Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
