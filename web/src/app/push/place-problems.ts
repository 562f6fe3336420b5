import type { Problem } from "@/client/problem";

import { type Zone, ZONES } from "./zones";

export type Place = Zone | "name" | "title" | "visibility" | "message";

const PLACES: Place[] = [...ZONES, "name", "title", "visibility", "message"];

/** Which part of the form each complaint belongs to, by the paths that the server names ("body.parts.config", "config"). */
export function placeProblems(problem: Problem): Partial<Record<Place, string>> {
  const placed: Partial<Record<Place, string>> = {};
  const put = (path: string, text: string) => {
    const place = path.split(/[./[\]:]/).map((part) => PLACES.find((known) => known === part)).find(Boolean);
    if (place && !placed[place]) placed[place] = text;
  };
  if (problem.field) put(problem.field, [problem.detail, problem.remedy].filter(Boolean).join(" "));
  for (const { field, detail } of problem.errors ?? []) put(field, detail);
  return placed;
}
