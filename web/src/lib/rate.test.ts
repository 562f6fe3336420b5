import { describe, expect, it } from "vitest";

import { addSample, paceOf, type Sample } from "./rate";

describe("paceOf", () => {
  it("knows nothing from one sample", () => {
    expect(paceOf([{ at: 0, bytes: 0 }], 100)).toEqual({ bytesPerSecond: 0, secondsLeft: null });
  });

  it("follows the recent pace", () => {
    let samples: Sample[] = [];
    for (const [at, bytes] of [[0, 0], [20_000, 100], [21_000, 1100], [22_000, 2100]] as const)
      samples = addSample(samples, { at, bytes });
    expect(paceOf(samples, 4100)).toEqual({ bytesPerSecond: 1000, secondsLeft: 2 });
  });

  it("gives no end to a transfer that stands still", () => {
    expect(paceOf([{ at: 0, bytes: 5 }, { at: 1000, bytes: 5 }], 9).secondsLeft).toBeNull();
  });
});
