import { describe, expect, it } from "vitest";

import type { ComparedRun } from "@/client/types";

import { cellOf, cellText, metricsOf, orderedRows, runNames, shownColumns, toggledColumns } from "./experiment-table";

const ALL = ["parameters.depth", "parameters.kind", "metrics.loss"];

function row(id: string, facts: { depth?: unknown; loss?: number; pinned?: boolean; title?: string } = {}): ComparedRun {
  const run = { id, title: facts.title ?? id, repository: "me/grow", version: 1, created_at: `2026-01-0${id}` } as ComparedRun["run"];
  const metrics = facts.loss === undefined ? {} : { loss: { last: facts.loss, lowest: 0, highest: 9 } };
  return { run, parameters: facts.depth === undefined ? {} : { depth: facts.depth }, metrics, inputs: {}, seconds: null, is_pinned: facts.pinned ?? false } as ComparedRun;
}

const ids = (rows: ComparedRun[]) => rows.map(({ run }) => run.id).join("");

describe("columns", () => {
  it("are all, unless some are chosen that there are", () => {
    expect(shownColumns([], ALL)).toEqual(ALL);
    expect(shownColumns(["metrics.gone", "metrics.loss"], ALL)).toEqual(["metrics.loss"]);
    expect(shownColumns(["metrics.gone"], ALL)).toEqual(ALL);
  });

  it("are taken out and put back in their place", () => {
    const two = toggledColumns([], ALL, "parameters.kind");
    expect(two).toEqual(["parameters.depth", "metrics.loss"]);
    expect(toggledColumns(two, ALL, "parameters.kind")).toEqual([]);
    expect(toggledColumns(["metrics.loss"], ALL, "metrics.loss")).toEqual(["metrics.loss"]);
  });

  it("name the metrics", () => expect(metricsOf(ALL)).toEqual(["loss"]));
});

describe("rows", () => {
  const rows = [row("1", { depth: 10, loss: 0.5 }), row("2", { loss: 2 }), row("3", { depth: 9, loss: 1, pinned: true })];

  it("stand as they came, the pinned one on top", () => expect(ids(orderedRows(rows, null))).toBe("312"));

  it("are ordered by numbers, with the missing at the end either way", () => {
    expect(ids(orderedRows(rows, { column: "metrics.loss", descending: true }))).toBe("321");
    const free = rows.map((one) => ({ ...one, is_pinned: false }));
    expect(ids(orderedRows(free, { column: "parameters.depth", descending: false }))).toBe("312");
    expect(ids(orderedRows(free, { column: "parameters.depth", descending: true }))).toBe("132");
    expect(ids(orderedRows(free, { column: "started", descending: true }))).toBe("321");
  });

  it("say what there is", () => {
    expect(cellText(cellOf(rows[0]!, "metrics.loss"))).toBe("0.5");
    expect(cellText(cellOf(rows[1]!, "parameters.depth"))).toBe("—");
    expect(cellText([1, 2])).toBe("[1, 2]");
    expect(cellText(false)).toBe("false");
  });
});

it("tells runs of the same name apart", () => {
  const runs = [{ ...row("100001").run, title: "a" }, { ...row("200002").run, title: "a" }, { ...row("3").run, title: "" }];
  expect([...runNames(runs).values()]).toEqual(["a · 100001", "a · 200002", "me/grow v1"]);
});
