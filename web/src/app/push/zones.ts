import type { UploadHandle } from "@/features/content/api/use-upload";
import type { VersionInput } from "@/features/versions/api/versions";

import type { PushSource } from "./draft";

/** The files that a push of a model or an operation consists of. */
export const ZONES = ["source", "artifact", "requirements", "config", "archive"] as const;
export type Zone = (typeof ZONES)[number];
export type Uploads = Record<Zone, UploadHandle>;

const NEEDED: Record<PushSource, Zone[]> = { parts: ["source", "config"], model: ["artifact"], script: ["source"], archive: ["archive"], image: [] };
const USED: Record<PushSource, Zone[]> = { parts: ["source", "artifact", "requirements", "config"], model: ["artifact", "requirements"], script: ["source", "requirements", "config"], archive: ["archive"], image: [] };

/** The zones that still have to be filled before this can be pushed. */
export function missingZones(source: PushSource, uploads: Uploads): Zone[] {
  return NEEDED[source].filter((zone) => uploads[zone].state.phase === "empty");
}

/** The zones whose bytes are on their way. */
export function pendingZones(source: PushSource, uploads: Uploads): Zone[] {
  return USED[source].filter((zone) => uploads[zone].state.phase === "sending");
}

/** The zones that hold a file which did not arrive: pushing now would leave it out without a word. */
export function brokenZones(source: PushSource, uploads: Uploads): Zone[] {
  return USED[source].filter((zone) => ["interrupted", "failed"].includes(uploads[zone].state.phase));
}

/** What a push of the filled zones asks for. */
export function contentsOf(source: PushSource, uploads: Uploads): VersionInput {
  const id = (zone: Zone) => {
    const { state } = uploads[zone];
    return state.phase === "done" ? state.uploadId : undefined;
  };
  if (source === "archive") return { archive: id("archive") };
  return { parts: Object.fromEntries(USED[source].map((zone) => [zone, id(zone)])) };
}
