import { IconCheck, IconCircleDashed, IconLoader2, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";

import type { Stage } from "@/client/types";
import { stageSeconds } from "@/lib/build-stages";
import { formatSeconds, humanize } from "@/lib/format";

import classes from "./build-stages.module.css";

const ICONS = { waiting: IconCircleDashed, running: IconLoader2, complete: IconCheck, failed: IconX };

/** The stages of a build as a row of states. */
export function BuildStages({ stages }: { stages: Stage[] }) {
  const running = stages.some(({ state }) => state === "running");
  const now = useNow(running);
  const current = stages.find(({ state }) => state === "running" || state === "failed");
  return (
    <>
      <ol className={classes.stages} aria-label="Build stages">
        {stages.map((stage) => {
          const Icon = ICONS[stage.state];
          const seconds = stageSeconds(stage, now);
          return (
            <li key={stage.name} className={classes.stage} data-state={stage.state}>
              <span className={classes.name}><Icon size={16} aria-label={stage.state} role="img" />{humanize(stage.name)}</span>
              <span className={classes.time}>{seconds === null ? "—" : formatSeconds(seconds)}</span>
              <span className={classes.text} title={stage.text}>{stage.text}</span>
            </li>
          );
        })}
      </ol>
      <p className={classes.status} role="status">{current ? `${humanize(current.name)} ${current.state}` : ""}</p>
    </>
  );
}

function useNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}
