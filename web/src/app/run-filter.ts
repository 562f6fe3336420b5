import type { RunState } from "@/client/types";

const STATES: Record<RunState, true> = { queued: true, starting: true, running: true, finishing: true, succeeded: true, failed: true, cancelled: true };

/** The state that a list of runs is filtered by, from the address; what is none is left out. */
export function readState(search: Record<string, unknown>): { state?: RunState } {
  return { state: typeof search.state === "string" && search.state in STATES ? (search.state as RunState) : undefined };
}

/** As `readState`, and `owner/name` of a repository. */
export function readRuns(search: Record<string, unknown>): { state?: RunState; repository?: string } {
  return { ...readState(search), repository: typeof search.repository === "string" && search.repository ? search.repository : undefined };
}
