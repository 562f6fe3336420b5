import { expect, test } from "vitest";

import { isImage, isText, languageOf } from "./file-kind";

test("what can be read is told from its name, its size and who keeps it", () => {
  expect(isText("a/digits.py", { size: 10 })).toBe(true);
  expect(isText("model.pkl", { size: 10 })).toBe(false);
  expect(isText("notes.txt", { size: 10_000_000 })).toBe(false);
  expect(isText("table.csv", { size: 10, lfs: true })).toBe(false);
  expect(isImage("cat.PNG", { size: 10, lfs: true })).toBe(true);
  expect(isImage("cat.png", { size: 100_000_000 })).toBe(false);
});

test("languages go by the ending or by the whole name", () => {
  expect(languageOf("digits.py")).toBe("python");
  expect(languageOf("MLmodel")).toBe("yaml");
  expect(languageOf("requirements.txt")).toBeUndefined();
});
