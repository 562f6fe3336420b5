import { expect, test } from "vitest";

import { diffLines } from "./line-diff";

test("lines are numbered on their own side", () => {
  expect(diffLines("a\nb\nc\n", "a\nB\nc\nd")).toEqual([
    {
      title: "@@ -1,3 +1,4 @@",
      lines: [
        { kind: "same", text: "a", old: 1, new: 1 },
        { kind: "removed", text: "b", old: 2, new: null },
        { kind: "added", text: "B", old: null, new: 2 },
        { kind: "same", text: "c", old: 3, new: 3 },
        { kind: "added", text: "d", old: null, new: 4 },
      ],
    },
  ]);
});

test("equal texts have no hunks, and texts without anything in common no diff", () => {
  expect(diffLines("a\n", "a\n")).toEqual([]);
  const numbers = (start: number) => Array.from({ length: 1500 }, (_, index) => `${start + index}\n`).join("");
  expect(diffLines(numbers(0), numbers(100_000))).toBeNull();
});
