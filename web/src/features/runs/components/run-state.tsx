import { IconBan, IconCheck, IconClock, IconLoader2, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";

import type { RunState as State, RunSummary } from "@/client/types";
import { formatSeconds } from "@/lib/format";
import { isUnderWay } from "@/lib/run-state";
import badge from "@/ui/state-badge.module.css";

const LOOKS: Record<State, { tone: string; color: string; Icon: typeof IconCheck }> = {
  queued: { tone: "busy", color: "var(--busy)", Icon: IconClock },
  starting: { tone: "busy", color: "var(--busy)", Icon: IconLoader2 },
  running: { tone: "busy", color: "var(--busy)", Icon: IconLoader2 },
  finishing: { tone: "busy", color: "var(--busy)", Icon: IconLoader2 },
  succeeded: { tone: "good", color: "var(--good)", Icon: IconCheck },
  failed: { tone: "bad", color: "var(--bad)", Icon: IconX },
  cancelled: { tone: "idle", color: "var(--idle)", Icon: IconBan },
};

/** A run's state as an icon and its word. */
export function RunState({ state }: { state: State }) {
  const { Icon, color, tone } = LOOKS[state];
  return (
    <span className={badge.badge} data-tone={tone}>
      <Icon size={16} color={color} aria-hidden />
      {state}
    </span>
  );
}

/** How long a run took, or has taken so far; nothing before it began. */
export function Duration({ run }: { run: RunSummary }) {
  const now = useNow(isUnderWay(run) && run.started_at !== null);
  if (!run.started_at) return null;
  const end = run.ended_at ? Date.parse(run.ended_at) : now;
  return <>{formatSeconds(Math.max(0, (end - Date.parse(run.started_at)) / 1000))}</>;
}

function useNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}
