import { describe, expect, it } from "vitest";

import { daysOfMonth, fillDays, formatUsage, lastMonths, readMonth, usageKind } from "./usage";

describe("usage", () => {
  it("reads in the unit of its kind", () => {
    expect(formatUsage("cpu_seconds", 90)).toBe("1 min 30 s");
    expect(formatUsage("memory_gb_seconds", 12.345)).toBe("12.3 GB s");
    expect(formatUsage("memory_gb_seconds", 7200)).toBe("2 GB h");
    expect(formatUsage("storage_gb_hours", 0.12345)).toBe("0.123 GB h");
    expect(formatUsage("bytes_out", 1_500_000)).toBe("1.5 MB");
    expect(formatUsage("predictions", 12_345)).toBe("12,345");
    expect(usageKind("something_new").label).toBe("something_new");
  });

  it("knows how long months are", () => {
    expect(daysOfMonth("2024-02")).toEqual({ since: "2024-02-01", until: "2024-02-29" });
    expect(daysOfMonth("2026-12").until).toBe("2026-12-31");
  });

  it("counts months back over new year", () => {
    const months = lastMonths(3, Date.UTC(2026, 0, 31));
    expect(months.map(({ value }) => value)).toEqual(["2026-01", "2025-12", "2025-11"]);
    expect(months[1]?.label).toBe("December 2025");
  });

  it("takes only months from an address", () => {
    expect(readMonth("2026-11")).toBe("2026-11");
    for (const wrong of ["2026-13", "26-11", "2026-11-01", 3, undefined]) expect(readMonth(wrong)).toBeUndefined();
  });

  it("shows the days on which nothing was used", () => {
    const lines = [{ day: "2026-11-02", kind: "runs", quantity: 3 }, { day: "2026-11-02", kind: "predictions", quantity: 9 }];
    const days = fillDays("2026-11", lines, "runs");
    expect(days).toHaveLength(30);
    expect(days.slice(0, 3).map(({ quantity }) => quantity)).toEqual([0, 3, 0]);
  });
});
