/**
 * Small grey images that a model takes as numbers (8×8 digits, 28×28 characters): recognised in a schema, so that they
 * can be drawn by hand instead of typed.
 */
import { isRecord } from "./json";

/** `rows`: a list of rows. `flat`: all cells in one list. `batch`: that list inside another one. */
export type GridShape = { rows: number; columns: number; max: number; layout: "rows" | "flat" | "batch" };

const SMALLEST = 4;
const LARGEST = 64;
const FLAT_SIDES = [8, 16, 28, 32];

/** The grid that a schema describes, with the help of an example for what the schema leaves open; else null. */
export function gridShape(schema: unknown, example: unknown): GridShape | null {
  if (!isRecord(schema) || (schema.type !== undefined && schema.type !== "array")) return null;
  const items = isRecord(schema.items) ? schema.items : {};
  const length = fixedLength(schema, example);
  const first = Array.isArray(example) ? (example as unknown[])[0] : undefined;
  if (items.type === "array" || Array.isArray(first)) return nested(items, length, first, example);
  if (items.type !== undefined && !isNumeric(items)) return null;
  const side = Math.sqrt(length);
  if (!FLAT_SIDES.includes(side)) return null;
  return { rows: side, columns: side, max: brightest(items, example), layout: "flat" };
}

export function emptyGrid(shape: GridShape): number[][] {
  return Array.from({ length: shape.rows }, () => new Array<number>(shape.columns).fill(0));
}

/** A value as rows of cells; anything of another shape is an empty grid. */
export function gridOf(value: unknown, shape: GridShape): number[][] {
  const cells = (Array.isArray(value) ? (value as unknown[]).flat(2) : []).map(Number);
  if (cells.length !== shape.rows * shape.columns || cells.some(Number.isNaN)) return emptyGrid(shape);
  return Array.from({ length: shape.rows }, (_, row) => cells.slice(row * shape.columns, (row + 1) * shape.columns));
}

/** The cells in the layout that the model takes. */
export function valueOfGrid(grid: number[][], shape: GridShape): unknown {
  if (shape.layout === "rows") return grid;
  return shape.layout === "flat" ? grid.flat() : [grid.flat()];
}

/**
 * Adds a soft round stroke at (x, y), in cells. `strength` is the share of full ink; negative erases. Returns a new grid.
 */
export function paint(grid: number[][], shape: GridShape, x: number, y: number, strength: number): number[][] {
  const radius = Math.max(0.8, Math.min(shape.rows, shape.columns) / 16);
  return grid.map((row, r) =>
    row.map((cell, c) => {
      const distance = Math.hypot(c + 0.5 - x, r + 0.5 - y);
      const ink = Math.max(0, Math.min(1, 1.3 - distance / radius)) * strength * shape.max;
      const level = ink >= 0 ? Math.max(cell, ink) : cell + ink;
      const bounded = Math.min(shape.max, Math.max(0, level));
      return shape.max > 1 ? Math.round(bounded) : Number(bounded.toFixed(3));
    }),
  );
}

function nested(items: Record<string, unknown>, rows: number, first: unknown, example: unknown): GridShape | null {
  const cell = isRecord(items.items) ? items.items : {};
  if ((cell.type !== undefined && !isNumeric(cell)) || (Array.isArray(first) && Array.isArray((first as unknown[])[0]))) return null;
  const columns = fixedLength(items, first);
  const max = brightest(cell, example);
  const side = Math.sqrt(columns);
  if (rows === 1 && FLAT_SIDES.includes(side)) return { rows: side, columns: side, max, layout: "batch" };
  const small = [rows, columns].every((size) => size >= SMALLEST && size <= LARGEST);
  return small ? { rows, columns, max, layout: "rows" } : null;
}

function fixedLength(schema: Record<string, unknown>, example: unknown): number {
  if (typeof schema.minItems === "number" && schema.minItems === schema.maxItems) return schema.minItems;
  return Array.isArray(example) ? example.length : 0;
}

function isNumeric(schema: Record<string, unknown>): boolean {
  return schema.type === "number" || schema.type === "integer";
}

/** The value of full ink: what the schema allows, else what the example suggests of 1, 16 and 255. */
function brightest(cell: Record<string, unknown>, example: unknown): number {
  if (typeof cell.maximum === "number") return cell.maximum;
  const cells = Array.isArray(example) ? (example as unknown[]).flat(2).map(Number) : [];
  const highest = Math.max(0, ...cells);
  if (highest === 0) return cell.type === "integer" ? 255 : 1;
  return [1, 16, 255].find((level) => highest <= level) ?? highest;
}
