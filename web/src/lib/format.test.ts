import { describe, expect, it } from "vitest";

import { formatAgo, formatBytes, formatNumber, formatPercent, formatSeconds, humanize } from "./format";

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KB"],
    [53_000_000, "53.0 MB"],
    [5_000_000_000, "5.0 GB"],
  ])("%d → %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("formatSeconds", () => {
  it.each([
    [0.34, "340 ms"],
    [4.21, "4.2 s"],
    [42.4, "42 s"],
    [185, "3 min 5 s"],
    [7800, "2 h 10 min"],
    [86400, "1 d"],
  ])("%d → %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});

describe("formatAgo", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");
  it.each([
    ["2026-01-10T11:59:50Z", "just now"],
    ["2026-01-10T11:57:00Z", "3 minutes ago"],
    ["2026-01-08T12:00:00Z", "2 days ago"],
    ["2026-01-15T12:00:00Z", "in 5 days"],
  ])("%s → %s", (iso, text) => expect(formatAgo(iso, now)).toBe(text));
});

describe("numbers", () => {
  it("keeps what matters", () => {
    expect(formatNumber(12345)).toBe("12,345");
    expect(formatNumber(0.1 + 0.2)).toBe("0.3");
    expect(formatNumber(0.000012345)).toBe("1.234e-5");
    expect(formatPercent(0.9876)).toBe("98.8 %");
    expect(formatPercent(1)).toBe("100 %");
    expect(formatPercent(0)).toBe("0 %");
    expect(humanize("training_details")).toBe("Training details");
  });
});
