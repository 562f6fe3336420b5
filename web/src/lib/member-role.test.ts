import { describe, expect, it } from "vitest";

import { allows, mayCommit } from "./member-role";

describe("allows", () => {
  it("lets a role do what those below it may", () => {
    expect(allows("owner", "contributor")).toBe(true);
    expect(allows("contributor", "contributor")).toBe(true);
    expect(allows("contributor", "maintainer")).toBe(false);
  });

  it("gives nothing to who has no role", () => {
    expect(allows(null, "reader")).toBe(false);
    expect(allows(undefined, "reader")).toBe(false);
  });
});

describe("mayCommit", () => {
  it("keeps protected branches for maintainers", () => {
    expect(mayCommit("contributor", { protected: false })).toBe(true);
    expect(mayCommit("contributor", { protected: true })).toBe(false);
    expect(mayCommit("maintainer", { protected: true })).toBe(true);
    expect(mayCommit("reader", { protected: false })).toBe(false);
  });
});
