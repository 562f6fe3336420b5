import { useEffect, useRef } from "react";

import type { GridShape } from "@/lib/grid";

/** A small array as a grey picture. */
export function GridPicture({ grid, shape }: { grid: number[][]; shape: GridShape }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    grid.forEach((row, y) =>
      row.forEach((value, x) => {
        const level = 255 - Math.round((255 * Math.min(Math.max(value, 0), shape.max)) / shape.max);
        context.fillStyle = `rgb(${level} ${level} ${level})`;
        context.fillRect(x, y, 1, 1);
      }),
    );
  }, [grid, shape]);
  return (
    <canvas ref={canvas} width={shape.columns} height={shape.rows} role="img" aria-label={`Output, ${shape.rows} by ${shape.columns}`} style={{ width: 256, maxWidth: "100%", imageRendering: "pixelated", border: "1px solid var(--line)", borderRadius: 6 }} />
  );
}
