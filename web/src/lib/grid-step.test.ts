import { expect, it } from "vitest";

import { gridStep } from "./grid-step";

it("moves by tiles, rows and leaps", () => {
  expect(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].map((key) => gridStep(key, 50, 10, 100))).toEqual([51, 49, 60, 40]);
  expect(["PageDown", "PageUp", "Home", "End"].map((key) => gridStep(key, 50, 10, 100))).toEqual([90, 10, 0, 99]);
});

it("stays within the grid and leaves other keys alone", () => {
  expect(gridStep("ArrowLeft", 0, 10, 100)).toBe(0);
  expect(gridStep("ArrowDown", 95, 10, 100)).toBe(99);
  expect(gridStep("a", 5, 10, 100)).toBeNull();
});
