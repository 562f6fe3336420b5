/** A run's log and metrics as they come, piece by piece. Kept outside any component: a log may have 100,000 lines. */

export type LogPiece = { attempt: number; offset: number; text: string };
export type MetricsPiece = { attempt: number; points: { name: string; step: number; value: number }[] };
export type Point = { step: number; value: number };
/** One metric: its points by their order. */
export type Series = { name: string; points: Point[] };

export class RunFeed {
  /** The last line may still be growing. */
  readonly lines: string[] = [];
  readonly series = new Map<string, Point[]>();
  attempt = 0;
  private open = false;

  /** Adds text; an attempt's log begins anew with it. */
  addLog({ attempt, text }: LogPiece): void {
    if (!this.enter(attempt)) return;
    const parts = text.split("\n");
    if (this.open) this.lines.push(`${this.lines.pop() ?? ""}${parts.shift() ?? ""}`);
    const rest = parts.pop();
    for (const part of parts) this.lines.push(part);
    if (rest === undefined) return; // The piece had no end of line, and is at the end of the last line.
    this.open = rest !== "";
    if (this.open) this.lines.push(rest);
  }

  addMetrics({ attempt, points }: MetricsPiece): void {
    if (!this.enter(attempt)) return;
    for (const { name, step, value } of points) {
      const known = this.series.get(name);
      if (known) known.push({ step, value });
      else this.series.set(name, [{ step, value }]);
    }
  }

  /** False for what a former attempt said late. */
  private enter(attempt: number): boolean {
    if (attempt < this.attempt) return false;
    if (attempt > this.attempt) {
      this.attempt = attempt;
      this.lines.length = 0;
      this.series.clear();
      this.open = false;
    }
    return true;
  }
}

/** The numbers of the lines that have the text in them, in any case; none for no text. */
export function findLines(lines: string[], text: string): number[] {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  return lines.flatMap((line, index) => (line.toLowerCase().includes(wanted) ? [index] : []));
}
