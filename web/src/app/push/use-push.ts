import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { ProblemError } from "@/client/problem";
import { createRepository, type RepositoryInput } from "@/features/repos/api/repos";
import { createVersion, versionQuery, type VersionInput } from "@/features/versions/api/versions";

import type { DraftHandle } from "./draft";

export type PushInput = {
  owner: string;
  existing?: string;
  kind: RepositoryInput["kind"];
  held: DraftHandle;
  /** What is pushed, as it stands when the button is pressed. */
  contents: () => VersionInput;
  /** Empties the form of its files: they were accepted. */
  clear: () => void;
};

/** Makes the repository where it is new, asks for the version, and goes to where it is built. */
export function usePush({ owner, existing, kind, held: { draft, change, forget }, contents, clear }: PushInput) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const name = existing ?? draft.name.trim();
      if (!existing && !draft.made) {
        await createRepository({ owner, name, kind, visibility: draft.visibility, title: draft.title.trim(), description: draft.description });
        change({ made: true });
      }
      return { name, version: await createVersion({ owner, name }, { ...contents(), message: draft.message.trim() }, draft.key) };
    },
    onError: (error) => {
      // A refused push is another push once it is corrected; one whose answer was lost is still the same.
      if (error instanceof ProblemError && error.status !== 0) change({ key: crypto.randomUUID() });
    },
    onSuccess: async ({ name, version }) => {
      queries.setQueryData(versionQuery({ owner, name }, version.number).queryKey, version);
      void queries.invalidateQueries({ queryKey: ["versions", owner, name] });
      void queries.invalidateQueries({ queryKey: ["repos"] });
      clear();
      forget();
      await navigate({ to: "/$owner/$name/versions/$number", params: { owner, name, number: String(version.number) } });
    },
  });
}
