import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";

import { gridStep } from "@/lib/grid-step";

import type { ResultFile, ResultSource } from "../api/source";
import { PictureDialog } from "./picture-dialog";
import classes from "./picture-grid.module.css";

const TILE = 148;
const ROW = 168;
const FRAME = 560;

/** Pictures side by side, only those in sight loaded; arrows move, Enter enlarges. */
export function PictureGrid({ source, files }: { source: ResultSource; files: ResultFile[] }) {
  const [enlarged, setEnlarged] = useState<number | null>(null);
  const [current, setCurrent] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: inner, width } = useElementSize();
  const columns = Math.max(1, Math.floor(width / TILE));
  const count = Math.ceil(files.length / columns);
  // The React compiler is not used here; the virtualizer's functions need not be stable.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 2 });
  const focus = (index: number) => {
    setCurrent(index);
    rows.scrollToIndex(Math.floor(index / columns));
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus());
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const next = gridStep(event.key, current, columns, files.length);
    if (next === null) return;
    event.preventDefault();
    focus(next);
  };
  return (
    <section className="surface" aria-label="Pictures">
      <div ref={scroller} className={classes.frame} style={{ height: Math.min(FRAME, count * ROW + 24) }}>
        <div ref={inner} role="list" aria-label={`${files.length.toLocaleString("en")} pictures`} style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().flatMap(({ index: row, start }) =>
            files.slice(row * columns, (row + 1) * columns).map((file, column) => {
              const index = row * columns + column;
              const place = { top: start, left: `${(100 * column) / columns}%`, width: `${100 / columns}%`, height: ROW };
              return (
                <div key={file.path} role="listitem" className={classes.place} style={place}>
                  <button type="button" className={classes.tile} data-index={index} tabIndex={index === current ? 0 : -1} onFocus={() => setCurrent(index)} onKeyDown={onKeyDown} onClick={() => setEnlarged(index)} aria-label={`Enlarge ${file.path}`}>
                    <img src={source.previewUrl(file.path, "256")} alt="" decoding="async" data-small={file.size < 4000 || undefined} />
                    <span className="clip">{file.path.split("/").pop()}</span>
                  </button>
                </div>
              );
            }),
          )}
        </div>
      </div>
      <PictureDialog
        source={source}
        files={files}
        index={enlarged}
        onMove={setEnlarged}
        onClose={() => {
          if (enlarged !== null) focus(enlarged);
          setEnlarged(null);
        }}
      />
    </section>
  );
}
