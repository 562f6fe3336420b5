/** Which runs still go on, and how often those who watch them ask. */
import type { RunState, RunSummary } from "@/client/types";

const ENDED: ReadonlySet<RunState> = new Set<RunState>(["succeeded", "failed", "cancelled"]);

export const isUnderWay = ({ state }: Pick<RunSummary, "state">) => !ENDED.has(state);

const LIVE_MS = 2000;
/** Where nothing is under way, a run asked for elsewhere is seen after a while. */
const QUIET_MS = 20_000;

/** How long to wait before a list of runs is asked for again, in milliseconds. */
export const patience = (runs: Pick<RunSummary, "state">[]) => (runs.some(isUnderWay) ? LIVE_MS : QUIET_MS);
