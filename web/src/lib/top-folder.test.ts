import { expect, test } from "vitest";

import { topFolderOf } from "./top-folder";

test("one folder that holds everything is the top", () => {
  expect(topFolderOf(["flowers/README.md", "flowers/train/rose.png"])).toBe("flowers");
});

test("a file at the top, several folders or nothing have none", () => {
  expect(topFolderOf(["flowers/rose.png", "README.md"])).toBeNull();
  expect(topFolderOf(["train/rose.png", "test/rose.png"])).toBeNull();
  expect(topFolderOf(["train/rose.png", "train2/rose.png"])).toBeNull();
  expect(topFolderOf(["a.csv"])).toBeNull();
  expect(topFolderOf([])).toBeNull();
});
