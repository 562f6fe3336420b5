import { expect, it } from "vitest";

import { bodyOf, describeEdits, NO_EDITS, withEdit } from "./item-edits";

it("keeps the last edit of each item", () => {
  const edits = withEdit(withEdit(NO_EDITS, [1, 2, 3], { label: "cat" }), [3], "delete");
  expect(bodyOf(edits)).toEqual({ relabel: [{ row: 1, label: "cat" }, { row: 2, label: "cat" }], delete: [3] });
  expect(describeEdits(edits)).toBe("2 relabelled, 1 deleted");
  expect(NO_EDITS.size).toBe(0);
});
