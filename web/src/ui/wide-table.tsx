import { Table, type TableProps } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

type Props = TableProps & {
  /** What the rows are, for those who reach them by keyboard. */
  label: string;
  /** The table gets no narrower than this, in pixels, and the frame no higher. */
  minWidth: number;
  maxHeight?: number;
};

/** A table in a frame that scrolls. While there is more than is seen, the keyboard reaches the frame, under `label`. */
export function WideTable({ label, minWidth, maxHeight, ...table }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const overflows = useOverflow(frame);
  const reached = overflows ? { role: "region", tabIndex: 0, "aria-label": label } : {};
  return (
    <div ref={frame} {...reached} style={{ overflow: "auto", maxHeight }}>
      <Table miw={minWidth} {...table} />
    </div>
  );
}

/** Whether what is inside is larger than its frame; looked at whenever one of them changes its size. */
function useOverflow(frame: React.RefObject<HTMLElement | null>): boolean {
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const box = frame.current;
    if (!box?.firstElementChild) return undefined;
    const look = () => setOverflows(box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    const observer = new ResizeObserver(look);
    observer.observe(box);
    observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, [frame]);
  return overflows;
}
