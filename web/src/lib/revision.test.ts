import { describe, expect, it } from "vitest";

import { freshBranch, shortRevision } from "./revision";

describe("freshBranch", () => {
  it("takes the first number that is free", () => {
    expect(freshBranch(["main"])).toBe("patch-1");
    expect(freshBranch(["main", "patch-1", "patch-3"])).toBe("patch-2");
  });
});

describe("shortRevision", () => {
  it("cuts ids of commits and nothing else", () => {
    expect(shortRevision("0123456789abcdef0123456789abcdef01234567")).toBe("0123456789ab");
    expect(shortRevision("topic/a-long-name-of-a-branch")).toBe("topic/a-long-name-of-a-branch");
  });
});
