/** How a build's stages change as events come in. */

export type StageState = "waiting" | "running" | "complete" | "failed";
type Stage = { name: string; state: StageState; text: string; started_at: string | null; ended_at: string | null };
export type StageEvent = { stage: string; state: StageState; text: string; at: string };
export type BuildLine = { stage: string; text: string; at: string };

/**
 * The stages after an event; a stage that was not known yet is added at the end. Stages run in order, so one that begins
 * takes back what an earlier attempt did after it.
 */
export function applyStage<Known extends Stage>(stages: Known[], event: StageEvent): Known[] {
  const old = stages.find(({ name }) => name === event.stage);
  const ended = event.state === "complete" || event.state === "failed";
  const changed = {
    ...old,
    name: event.stage,
    state: event.state,
    text: event.text || old?.text || "",
    started_at: event.state === "running" ? event.at : (old?.started_at ?? event.at),
    ended_at: ended ? event.at : null,
  } as Known;
  if (!old) return [...stages, changed];
  const place = stages.indexOf(old);
  return stages.map((stage, index) => {
    if (stage === old) return changed;
    return event.state === "running" && index > place ? { ...stage, state: "waiting", text: "", started_at: null, ended_at: null } : stage;
  });
}

/** Seconds that a stage took, or has taken until `now` (milliseconds); null before it began. */
export function stageSeconds(stage: Stage, now: number): number | null {
  if (!stage.started_at) return null;
  const end = stage.ended_at ? Date.parse(stage.ended_at) : now;
  return Math.max(0, (end - Date.parse(stage.started_at)) / 1000);
}
