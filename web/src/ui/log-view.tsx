import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";

import classes from "./log-view.module.css";

const LINE_HEIGHT = 20;

type Props = {
  lines: string[];
  label: string;
  empty: string;
  /** Whether it follows its end, where the page has a switch for that. */
  follow?: { on: boolean; set: (on: boolean) => void };
  /** The number, from 0, of the line that was looked for. */
  found?: number;
};

/** A long log, drawn only where it is looked at. It follows its end until someone scrolls up. */
export function LogView({ lines, label, empty, follow, found }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [own, setOwn] = useState(true);
  const { on: following, set: setFollowing } = follow ?? { on: own, set: setOwn };
  // The React compiler is not used here; the virtualizer's functions need not be stable.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => LINE_HEIGHT, overscan: 20 });
  useEffect(() => {
    if (following && lines.length) rows.scrollToIndex(lines.length - 1, { align: "end" });
  }, [lines.length, following, rows]);
  useEffect(() => {
    if (found === undefined) return;
    setFollowing(false);
    rows.scrollToIndex(found, { align: "center" });
  }, [found, rows, setFollowing]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current as HTMLDivElement;
    setFollowing(scrollHeight - scrollTop - clientHeight < 2 * LINE_HEIGHT);
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard
    <div ref={box} className={classes.box} tabIndex={0} role="log" aria-label={label} aria-live="off" onScroll={onScroll}>
      {!lines.length && <div className={classes.empty}>{empty}</div>}
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} className={classes.line} data-found={row.index === found || undefined} style={{ transform: `translateY(${row.start}px)` }}>
            <span className={classes.number} aria-hidden>{row.index + 1}</span>
            {lines[row.index]}
          </div>
        ))}
      </div>
    </div>
  );
}
