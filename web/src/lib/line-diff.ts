import { structuredPatch } from "diff";

/** A line of a diff; line numbers count from 1 and are null on the side where the line is not. */
export type DiffLine = { kind: "same" | "added" | "removed"; text: string; old: number | null; new: number | null };
export type Hunk = { title: string; lines: DiffLine[] };

/** Past this many edits a diff would say nothing that both files do not say better. */
const MAX_EDITS = 1000;

/** The changed places of a text with three lines around each; null where the texts have too little in common. */
export function diffLines(before: string, after: string): Hunk[] | null {
  const patch = structuredPatch("", "", before, after, "", "", { context: 3, maxEditLength: MAX_EDITS });
  if (!patch) return null;
  return patch.hunks.map(({ oldStart, newStart, oldLines, newLines, lines }) => ({
    title: `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    lines: number(lines, oldStart, newStart),
  }));
}

function number(lines: string[], oldStart: number, newStart: number): DiffLine[] {
  let [old, now] = [oldStart, newStart];
  return lines
    .filter((line) => !line.startsWith("\\"))
    .map((line) => {
      const text = line.slice(1);
      if (line.startsWith("+")) return { kind: "added", text, old: null, new: now++ };
      if (line.startsWith("-")) return { kind: "removed", text, old: old++, new: null };
      return { kind: "same", text, old: old++, new: now++ };
    });
}
