/**
 * Which rows of a very long list are in sight. Browsers do not lay out elements of more than some million pixels, so a
 * longer list is scrolled in larger steps: its frame is `MAX_HEIGHT` high, and every pixel of it stands for several.
 */
const MAX_HEIGHT = 12_000_000;
const OVERSCAN = 2;

type List = { rows: number; rowHeight: number; viewHeight: number };

export type ScrollWindow = {
  /** Of the element that is scrolled. */
  height: number;
  first: number;
  /** Behind the last row. */
  end: number;
  /** Where a row is drawn, from the top of the element. */
  topOf: (row: number) => number;
};

export function scrollWindow(list: List, scrollTop: number): ScrollWindow {
  const { rows, rowHeight, viewHeight } = list;
  const at = scrollTop * ratioOf(list);
  return {
    height: Math.min(rows * rowHeight, MAX_HEIGHT),
    first: Math.max(0, Math.floor(at / rowHeight) - OVERSCAN),
    end: Math.min(rows, Math.ceil((at + viewHeight) / rowHeight) + OVERSCAN),
    topOf: (row) => row * rowHeight - at + scrollTop,
  };
}

/** Where to scroll to so that a row is wholly in sight; where it is already, nothing changes. */
export function scrollTo(list: List, scrollTop: number, row: number): number {
  const { rowHeight, viewHeight } = list;
  const ratio = ratioOf(list);
  const at = scrollTop * ratio;
  if (row * rowHeight < at) return (row * rowHeight) / ratio;
  if ((row + 1) * rowHeight > at + viewHeight) return ((row + 1) * rowHeight - viewHeight) / ratio;
  return scrollTop;
}

/** How many pixels of the list one pixel of scrolling is. */
function ratioOf({ rows, rowHeight, viewHeight }: List): number {
  const whole = rows * rowHeight;
  return whole <= MAX_HEIGHT ? 1 : (whole - viewHeight) / (MAX_HEIGHT - viewHeight);
}
