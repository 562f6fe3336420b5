import { Button } from "@mantine/core";
import { useState } from "react";

import { formatPercent } from "@/lib/format";

import classes from "./probability-bars.module.css";

const SHOWN = 12;

/** Class probabilities, the likeliest first; a list that reads without seeing the bars. */
export function ProbabilityBars({ values }: { values: Record<string, number> }) {
  const [all, setAll] = useState(false);
  const sorted = Object.entries(values).sort(([, a], [, b]) => b - a);
  const [best] = sorted;
  const shown = all ? sorted : sorted.slice(0, SHOWN);
  return (
    <div>
      {best && <p className={classes.best}>{best[0]} <span>{formatPercent(best[1])}</span></p>}
      <ol className={classes.bars} aria-label="Class probabilities">
        {shown.map(([name, share], index) => (
          <li key={name} className={classes.bar} data-first={index === 0 || undefined}>
            <span className={classes.name} title={name}>{name}</span>
            <span className={classes.track} aria-hidden><span style={{ width: `${Math.max(0.4, share * 100)}%` }} /></span>
            <span className={classes.share}>{formatPercent(share)}</span>
          </li>
        ))}
      </ol>
      {sorted.length > SHOWN && <Button size="compact-sm" variant="subtle" onClick={() => setAll(!all)}>{all ? "Show fewer" : `Show all ${sorted.length}`}</Button>}
    </div>
  );
}
