import { describe, expect, it } from "vitest";

import { emptyGrid, gridOf, gridShape, paint, valueOfGrid } from "./grid";

const list = (items: object, length?: number) => ({ type: "array", items, ...(length ? { minItems: length, maxItems: length } : {}) });
const zeros = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array<number>(columns).fill(0));

describe("gridShape", () => {
  it("reads a fixed shape from the schema", () => {
    const schema = list(list({ type: "number", maximum: 16 }, 8), 8);
    expect(gridShape(schema, undefined)).toEqual({ rows: 8, columns: 8, max: 16, layout: "rows" });
  });

  it("reads an open shape from the example", () => {
    const example = zeros(8, 8);
    example[2]![3] = 13;
    expect(gridShape(list(list({ type: "number" })), example)).toEqual({ rows: 8, columns: 8, max: 16, layout: "rows" });
    expect(gridShape({ "x-modelyard": "array" }, zeros(28, 28))).toMatchObject({ rows: 28, columns: 28, max: 1 });
  });

  it("reads flat squares, alone and in a batch of one", () => {
    expect(gridShape(list({ type: "integer" }, 784), undefined)).toMatchObject({ rows: 28, max: 255, layout: "flat" });
    expect(gridShape(list(list({ type: "number" })), zeros(1, 64))).toMatchObject({ rows: 8, layout: "batch" });
  });

  it.each([
    ["a list of words", list({ type: "string" }, 64), undefined],
    ["a short list", list({ type: "number" }, 4), [1, 2, 3, 4]],
    ["an open list without an example", list({ type: "number" }), undefined],
    ["a large picture", list(list({ type: "number" }, 512), 512), undefined],
    ["three dimensions", { "x-modelyard": "array" }, [zeros(8, 8)]],
    ["an object", { type: "object" }, undefined],
  ])("is not %s", (_what, schema, example) => expect(gridShape(schema, example)).toBeNull());
});

describe("paint", () => {
  const shape = { rows: 8, columns: 8, max: 16, layout: "rows" as const };

  it("inks the cell under the pointer and leaves the rest", () => {
    const grid = paint(emptyGrid(shape), shape, 3.5, 2.5, 1);
    expect(grid[2]![3]).toBe(16);
    expect(grid[7]![7]).toBe(0);
  });

  it("erases and never leaves the range", () => {
    const inked = paint(emptyGrid(shape), shape, 3.5, 2.5, 1);
    const erased = paint(inked, shape, 3.5, 2.5, -1);
    expect(erased.flat().every((cell) => cell >= 0 && cell <= 16)).toBe(true);
    expect(erased[2]![3]).toBe(0);
  });

  it("goes to the model's layout and back", () => {
    for (const layout of ["rows", "flat", "batch"] as const) {
      const laid = { ...shape, layout };
      const grid = paint(emptyGrid(laid), laid, 1, 6, 1);
      expect(gridOf(valueOfGrid(grid, laid), laid)).toEqual(grid);
    }
    expect(gridOf("nonsense", shape)).toEqual(emptyGrid(shape));
  });
});
