import { expect, it } from "vitest";

import { applyStage, stageSeconds, type StageState } from "./build-stages";

type Stage = { name: string; state: StageState; text: string; started_at: string | null; ended_at: string | null };

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;

it("follows a stage from running to complete", () => {
  let stages: Stage[] = [{ name: "lock", state: "waiting", text: "", started_at: null, ended_at: null }];
  stages = applyStage(stages, { stage: "lock", state: "running", text: "", at: at(1) });
  expect(stageSeconds(stages[0]!, Date.parse(at(3)))).toBe(2);
  stages = applyStage(stages, { stage: "lock", state: "complete", text: "12 packages", at: at(5) });
  expect(stages[0]).toMatchObject({ state: "complete", text: "12 packages", started_at: at(1), ended_at: at(5) });
  expect(stageSeconds(stages[0]!, Date.parse(at(9)))).toBe(4);
});

it("adds a stage that it did not know", () => {
  expect(applyStage([], { stage: "check", state: "running", text: "", at: at(1) })).toHaveLength(1);
});

it("takes back what an earlier attempt did", () => {
  const stage = (name: string, state: "complete" | "failed") => ({ name, state, text: "old", started_at: at(1), ended_at: at(2) });
  const stages = applyStage([stage("lock", "complete"), stage("check", "failed")], { stage: "lock", state: "running", text: "", at: at(5) });
  expect(stages.map(({ state }) => state)).toEqual(["running", "waiting"]);
});

it("does not count a stage that never began", () => {
  expect(stageSeconds({ name: "a", state: "waiting", text: "", started_at: null, ended_at: null }, 0)).toBeNull();
});
