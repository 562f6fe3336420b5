import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";

import { type GridShape, paint } from "@/lib/grid";

import classes from "./grid-canvas.module.css";

const SIDE = 320;

type Props = { grid: number[][]; shape: GridShape; label: string; onChange: (grid: number[][]) => void };

/**
 * A canvas whose cells are the model's pixels, ink on paper. By keyboard: arrows move the pen, Space inks, Delete erases.
 */
export function GridCanvas({ grid, shape, label, onChange }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef(grid);
  const last = useRef<{ x: number; y: number } | null>(null);
  const [pen, setPen] = useState<{ x: number; y: number } | null>(null);
  const cell = Math.floor(SIDE / Math.max(shape.rows, shape.columns));
  const width = cell * shape.columns;
  const height = cell * shape.rows;

  useEffect(() => {
    drawn.current = grid;
    if (canvas.current) draw(canvas.current, grid, shape, cell, pen);
  }, [grid, shape, cell, pen]);

  const stroke = (x: number, y: number, strength: number) => {
    const from = last.current ?? { x, y };
    const steps = Math.max(1, Math.ceil(Math.hypot(x - from.x, y - from.y) * 2));
    let next = drawn.current;
    for (let step = 1; step <= steps; step += 1)
      next = paint(next, shape, from.x + ((x - from.x) * step) / steps, from.y + ((y - from.y) * step) / steps, strength);
    last.current = { x, y };
    drawn.current = next;
    onChange(next);
  };
  const at = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * shape.columns, y: ((event.clientY - box.top) / box.height) * shape.rows };
  };
  const onPointerDown = (event: PointerEvent<HTMLCanvasElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    last.current = null;
    onPointerMove(event);
  };
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!event.buttons) return;
    const { x, y } = at(event);
    stroke(x, y, event.shiftKey || event.buttons === 2 ? -1 : 1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const from = pen ?? { x: Math.floor(shape.columns / 2), y: Math.floor(shape.rows / 2) };
    const move = moves[event.key];
    const inks = event.key === " " || event.key === "Enter";
    if (!move && !inks && event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    if (move) setPen({ x: clamp(from.x + move[0], shape.columns), y: clamp(from.y + move[1], shape.rows) });
    else {
      last.current = null;
      stroke(from.x + 0.5, from.y + 0.5, inks ? 1 : -1);
    }
  };
  return (
    // The canvas is one drawing surface; its label says how the keyboard draws.
    <canvas
      ref={canvas}
      width={width}
      height={height}
      className={classes.canvas}
      style={{ width }}
      tabIndex={0}
      // eslint-disable-next-line jsx-a11y/no-interactive-element-to-noninteractive-role -- it takes arrows and Space itself
      role="application"
      aria-label={`Drawing of ${label}: arrows move the pen, Space inks, Delete erases`}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={onKeyDown}
      onFocus={(event) => event.currentTarget.matches(":focus-visible") && setPen((old) => old ?? { x: Math.floor(shape.columns / 2), y: Math.floor(shape.rows / 2) })}
      onBlur={() => setPen(null)}
    />
  );
}

function draw(canvas: HTMLCanvasElement, grid: number[][], shape: GridShape, cell: number, pen: { x: number; y: number } | null): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  grid.forEach((row, y) =>
    row.forEach((value, x) => {
      const level = 255 - Math.round((255 * Math.min(value, shape.max)) / shape.max);
      context.fillStyle = `rgb(${level} ${level} ${level})`;
      context.fillRect(x * cell, y * cell, cell, cell);
    }),
  );
  context.strokeStyle = "rgb(15 107 99 / 14%)";
  context.lineWidth = 1;
  context.beginPath();
  for (let x = 1; x < shape.columns; x += 1) line(context, x * cell + 0.5, 0, x * cell + 0.5, canvas.height);
  for (let y = 1; y < shape.rows; y += 1) line(context, 0, y * cell + 0.5, canvas.width, y * cell + 0.5);
  context.stroke();
  if (!pen) return;
  context.strokeStyle = "#0f8f83";
  context.lineWidth = 3;
  context.strokeRect(pen.x * cell + 1.5, pen.y * cell + 1.5, cell - 3, cell - 3);
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
}

function clamp(value: number, size: number): number {
  return Math.min(size - 1, Math.max(0, value));
}
