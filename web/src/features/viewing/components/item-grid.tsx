import { Checkbox } from "@mantine/core";
import { useDebouncedValue, useElementSize, useMergedRef } from "@mantine/hooks";
import { useRef, useState } from "react";

import type { Address, DataItem } from "@/client/types";
import { gridStep } from "@/lib/grid-step";
import type { Edit, Edits } from "@/lib/item-edits";
import { scrollTo, scrollWindow } from "@/lib/scroll-window";
import { ProblemAlert } from "@/ui/problem-alert";

import { CHUNK, type ItemFilter, SHEET_COLUMNS, sheetUrl } from "../api/items";
import classes from "./item-grid.module.css";
import { useItems } from "./use-items";

const SQUARE = 96;
const TILE = 118;
const ROW = 134;
const FRAME = 620;
const PAUSE_MS = 60;

type Props = {
  address: Address;
  number: number;
  filter: ItemFilter;
  /** How many the filter keeps. */
  total: number;
  edits: Edits;
  /** Rows that are chosen; undefined: nothing can be chosen. */
  chosen?: ReadonlySet<number>;
  onChoose: (item: DataItem, index: number, isRange: boolean) => void;
  onEnlarge: (index: number) => void;
  /** Where the keyboard is, kept when the full view is left. */
  current: number;
  onCurrent: (index: number) => void;
};

/** Pictures side by side, any number of them: only those in sight are loaded. Arrows move, Enter enlarges, Space chooses. */
export function ItemGrid(props: Props) {
  const { address, number, filter, total, chosen, current, onCurrent } = props;
  const [scrollTop, setScrollTop] = useState(0);
  const { ref: sized, width, height: viewHeight } = useElementSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const frame = useMergedRef(sized, scroller);
  const columns = Math.max(1, Math.floor(width / TILE));
  const list = { rows: Math.ceil(total / columns), rowHeight: ROW, viewHeight: viewHeight || FRAME };
  const seen = scrollWindow(list, scrollTop);
  const [first, end] = [seen.first * columns, Math.min(total, seen.end * columns)];
  const [[settledFirst, settledEnd]] = useDebouncedValue([first, end] as const, PAUSE_MS, { leading: true });
  const { items, error } = useItems(address, number, filter, Math.min(settledFirst, total), Math.min(settledEnd, total));
  const focus = (index: number) => {
    onCurrent(index);
    scroller.current?.scrollTo({ top: scrollTo(list, scrollTop, Math.floor(index / columns)) });
    requestAnimationFrame(() => requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus()));
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const item = items.get(current);
    if (event.key === " " && chosen && item) {
      event.preventDefault();
      props.onChoose(item, current, event.shiftKey);
    }
    const next = gridStep(event.key, current, columns, total);
    if (next === null) return;
    event.preventDefault();
    focus(next);
  };
  return (
    <>
      {error && <div className="body"><ProblemAlert error={error} /></div>}
      <div ref={frame} className={classes.frame} style={{ height: Math.min(FRAME, list.rows * ROW + 16) }} onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}>
        <div role="list" aria-label={`${total.toLocaleString("en")} images`} style={{ height: seen.height, position: "relative" }}>
          {width > 0 && Array.from({ length: Math.max(0, end - first) }, (_, offset) => {
            const index = first + offset;
            const column = index % columns;
            const place = { top: seen.topOf(Math.floor(index / columns)), left: `${(100 * column) / columns}%`, width: `${100 / columns}%`, height: ROW };
            return (
              <div key={index} role="listitem" aria-setsize={total} aria-posinset={index + 1} className={classes.place} style={place}>
                <Tile {...props} index={index} item={items.get(index)} isLoaded={index >= settledFirst && index < settledEnd} onKeyDown={onKeyDown} />
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}

type TileProps = Props & { index: number; item: DataItem | undefined; isLoaded: boolean; onKeyDown: (event: React.KeyboardEvent) => void };

function Tile({ address, number, filter, total, edits, chosen, onChoose, onEnlarge, current, onCurrent, index, item, isLoaded, onKeyDown }: TileProps) {
  const edit = item && edits.get(item.row);
  const isChosen = Boolean(item && chosen?.has(item.row));
  const name = item ? `${item.path}, ${captionOf(item, edit)}` : `Image ${(index + 1).toLocaleString("en")}`;
  return (
    <>
      <button
        type="button"
        className={classes.tile}
        data-index={index}
        data-chosen={isChosen || undefined}
        data-gone={edit === "delete" || undefined}
        tabIndex={index === current ? 0 : -1}
        aria-label={`Enlarge ${name}`}
        title={item?.path}
        onFocus={() => onCurrent(index)}
        onKeyDown={onKeyDown}
        onClick={() => onEnlarge(index)}
      >
        <span className={classes.square} style={isLoaded ? squareOf(address, number, filter, index, total) : undefined} />
        <span className={`clip ${classes.caption}`} data-changed={edit !== undefined || undefined}>{item ? captionOf(item, edit) : "…"}</span>
      </button>
      {chosen && item && (
        <Checkbox className={classes.check} size="xs" tabIndex={-1} aria-label={`Choose ${item.path}`} checked={isChosen} onChange={(event) => onChoose(item, index, (event.nativeEvent as MouseEvent).shiftKey)} />
      )}
    </>
  );
}

function captionOf(item: DataItem, edit: Edit | undefined): string {
  if (edit === "delete") return "deleted";
  return (edit ? edit.label : item.label) ?? "no label";
}

/** The part of its chunk's sheet that shows an item. */
function squareOf(address: Address, number: number, filter: ItemFilter, index: number, total: number): React.CSSProperties {
  const chunk = Math.floor(index / CHUNK);
  const place = index % CHUNK;
  const columns = Math.min(SHEET_COLUMNS, total - chunk * CHUNK);
  const side = window.devicePixelRatio > 1.25 ? 192 : 96;
  return {
    backgroundImage: `url("${sheetUrl(address, number, filter, chunk, side)}")`,
    backgroundSize: `${columns * SQUARE}px auto`,
    backgroundPosition: `-${(place % SHEET_COLUMNS) * SQUARE}px -${Math.floor(place / SHEET_COLUMNS) * SQUARE}px`,
  };
}
