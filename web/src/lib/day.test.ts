import { expect, it } from "vitest";

import { dayOf, endOfDay } from "./day";

it("comes back to the day that was chosen", () => {
  for (const day of ["2026-12-31", "2027-01-01", "2028-02-29"]) expect(dayOf(endOfDay(day))).toBe(day);
});

it("ends a day with its last second", () => {
  expect(new Date(endOfDay("2026-03-01")).getTime() + 1000).toBe(new Date("2026-03-02T00:00:00").getTime());
});
