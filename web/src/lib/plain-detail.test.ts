import { expect, it } from "vitest";

import { plainDetail } from "./plain-detail";

it("says the rule of names instead of its pattern", () => {
  expect(plainDetail("name", "name: String should match pattern '^[a-z]+$'")).toMatch(/^Use lower-case letters/);
  expect(plainDetail("name", "This name is taken.")).toBe("This name is taken.");
  expect(plainDetail("title", "String should match pattern '^x$'")).toContain("pattern");
});
