/** So many rows are passed by PageUp and PageDown. */
const LEAP = 4;

/** Where a key leads from a tile of a grid, never beyond its ends; null for other keys. */
export function gridStep(key: string, index: number, columns: number, count: number): number | null {
  const leap = LEAP * columns;
  const steps: Record<string, number> = { ArrowRight: index + 1, ArrowLeft: index - 1, ArrowDown: index + columns, ArrowUp: index - columns, PageDown: index + leap, PageUp: index - leap, Home: 0, End: count - 1 };
  const next = steps[key];
  return next === undefined ? null : Math.min(Math.max(next, 0), count - 1);
}
