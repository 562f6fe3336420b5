import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { ProblemError } from "@/client/problem";
import type { UploadHandle } from "@/features/content/api/use-upload";
import { createRepository } from "@/features/repos/api/repos";
import { createVersion, versionQuery, type VersionInput } from "@/features/versions/api/versions";

import type { PushDraft, PushSource } from "./draft";
import { type Zone, ZONES } from "./zones";

export type Uploads = Record<Zone, UploadHandle>;

export type PushInput = { owner: string; existing?: string; draft: PushDraft; uploads: Uploads };

/** Makes the repository where it is new, asks for the version, and goes to where it is built. */
export function usePush({ owner, existing, draft, uploads }: PushInput, change: (change: Partial<PushDraft>) => void, forget: () => void) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const name = existing ?? draft.name.trim();
      if (!existing && !draft.made) {
        await createRepository({ name, kind: "model", visibility: draft.visibility, title: draft.title.trim() });
        change({ made: true });
      }
      return { name, version: await createVersion({ owner, name }, versionInput(draft, uploads), draft.key) };
    },
    onError: (error) => {
      // A refused push is another push once it is corrected; one whose answer was lost is still the same.
      if (error instanceof ProblemError && error.status !== 0) change({ key: crypto.randomUUID() });
    },
    onSuccess: async ({ name, version }) => {
      queries.setQueryData(versionQuery({ owner, name }, version.number).queryKey, version);
      void queries.invalidateQueries({ queryKey: ["versions", owner, name] });
      void queries.invalidateQueries({ queryKey: ["repos"] });
      for (const zone of ZONES) uploads[zone].clear();
      forget();
      await navigate({ to: "/$owner/$name/versions/$number", params: { owner, name, number: String(version.number) } });
    },
  });
}

const NEEDED: Record<PushSource, Zone[]> = { parts: ["source", "config"], model: ["artifact"], archive: ["archive"] };
const USED: Record<PushSource, Zone[]> = { parts: ["source", "artifact", "requirements", "config"], model: ["artifact", "requirements"], archive: ["archive"] };

/** The zones that still have to be filled before this can be pushed. */
export function missingZones(draft: PushDraft, uploads: Uploads): Zone[] {
  const needed = NEEDED[draft.source];
  return needed.filter((zone) => uploads[zone].state.phase === "empty");
}

/** The zones whose bytes are not all there yet. */
export function pendingZones(draft: PushDraft, uploads: Uploads): Zone[] {
  return zonesOf(draft).filter((zone) => uploads[zone].state.phase === "sending");
}

export function zonesOf(draft: PushDraft): Zone[] {
  return USED[draft.source];
}

function versionInput(draft: PushDraft, uploads: Uploads): VersionInput {
  const id = (zone: Zone) => {
    const { state } = uploads[zone];
    return state.phase === "done" ? state.uploadId : undefined;
  };
  const message = draft.message.trim();
  if (draft.source === "archive") return { archive: id("archive"), message };
  const parts = Object.fromEntries(USED[draft.source].map((zone) => [zone, id(zone)]));
  return { parts, message };
}
