import { describe, expect, it } from "vitest";

import { scrollTo, scrollWindow } from "./scroll-window";

const short = { rows: 100, rowHeight: 100, viewHeight: 500 };
const long = { rows: 1_000_000, rowHeight: 128, viewHeight: 600 };

describe("scrollWindow", () => {
  it("shows the rows in sight and some around them", () => {
    const { height, first, end, topOf } = scrollWindow(short, 1000);
    expect([height, first, end]).toEqual([10_000, 8, 17]);
    expect(topOf(10)).toBe(1000);
  });

  it("reaches the first and the last row of a list that no browser could lay out", () => {
    const { height } = scrollWindow(long, 0);
    expect(height).toBeLessThan(17_000_000);
    expect(scrollWindow(long, 0).first).toBe(0);
    const bottom = scrollWindow(long, height - long.viewHeight);
    expect(bottom.end).toBe(1_000_000);
    expect(bottom.topOf(999_999) + 128).toBeCloseTo(height, 3);
  });
});

describe("scrollTo", () => {
  it("moves only as far as is needed", () => {
    expect(scrollTo(short, 1000, 12)).toBe(1000);
    expect(scrollTo(short, 1000, 5)).toBe(500);
    expect(scrollTo(short, 1000, 20)).toBe(1600);
  });

  it("brings any row of a long list into sight", () => {
    for (const row of [0, 3, 499_999, 999_998, 999_999]) {
      const at = scrollTo(long, 3_000_000, row);
      const { topOf } = scrollWindow(long, at);
      expect(topOf(row)).toBeGreaterThanOrEqual(at - 0.01);
      expect(topOf(row) + 128).toBeLessThanOrEqual(at + 600.01);
    }
  });
});
