import { problemOf } from "@/client/problem";
import { plainDetail } from "@/lib/plain-detail";

/** What a failed call said of each field: by its name, the last part of the server's path ("body.username"). */
export function fieldProblems(error: unknown): Record<string, string | undefined> {
  if (!error) return {};
  const { errors = [], field, detail } = problemOf(error);
  const found: Record<string, string> = {};
  if (field) found[lastPart(field)] = plainDetail(lastPart(field), detail);
  for (const item of errors) found[lastPart(item.field)] = plainDetail(lastPart(item.field), item.detail);
  return found;
}

function lastPart(path: string): string {
  return path.split(/[./]/).filter(Boolean).pop() ?? path;
}
