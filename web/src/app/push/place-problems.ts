import type { Problem } from "@/client/problem";
import { plainDetail } from "@/lib/plain-detail";

import type { PushSource } from "./draft";
import { type Zone, ZONES } from "./zones";

export type Place = Zone | "owner" | "name" | "title" | "description" | "visibility" | "message" | "files" | "image";

const PLACES: Place[] = [...ZONES, "owner", "name", "title", "description", "visibility", "message", "files", "image"];

/** Complaints about what is inside a file: their field is a place in that file, their code says which file. */
const FILES_OF_CODES: [RegExp, Zone][] = [
  [/^(config|target)_/, "config"],
  [/^requirements?_/, "requirements"],
  [/^(archive|path|link|source|signature|project)_/, "source"],
];

/**
 * Which part of the form each complaint belongs to: by the file that it is about, else by the path that the server names
 * ("body.parts.config"). In a push of one zip, what is wrong inside is wrong with the zip.
 */
export function placeProblems(problem: Problem, source: PushSource | "files" = "parts"): Partial<Record<Place, string>> {
  const text = [problem.detail, problem.remedy].filter(Boolean).join(" ");
  const inside = FILES_OF_CODES.find(([codes]) => codes.test(problem.code))?.[1];
  if (inside && source === "files") return { files: text };
  if (inside === "source" && source === "model") return { artifact: text };
  if (inside) return { [problem.field === "artifact" ? "artifact" : inside]: text, ...(source === "archive" ? { archive: text } : {}) };
  const placed: Partial<Record<Place, string>> = {};
  const put = (path: string, words: string) => {
    const place = placeOf(path);
    if (place && !placed[place]) placed[place] = plainDetail(place, words);
  };
  if (problem.code === "repository_exists") placed.name = text;
  if (problem.field) put(problem.field, text);
  for (const { field, detail } of problem.errors ?? []) put(field, detail);
  return placed;
}

function placeOf(path: string): Place | undefined {
  return path.split(/[./[\]:]/).map((part) => PLACES.find((known) => known === part)).find(Boolean);
}
