import { describe, expect, it } from "vitest";

import { findLines, RunFeed } from "./run-feed";

const piece = (text: string, attempt = 1) => ({ attempt, offset: 0, text });

describe("RunFeed", () => {
  it("makes lines of pieces, wherever they were cut", () => {
    const feed = new RunFeed();
    for (const text of ["one\ntw", "o", "\n", "three", "\n\nfive\n"]) feed.addLog(piece(text));
    expect(feed.lines).toEqual(["one", "two", "three", "", "five"]);
    feed.addLog(piece("six"));
    expect(feed.lines.at(-1)).toBe("six");
  });

  it("begins anew with an attempt, and hears no former one", () => {
    const feed = new RunFeed();
    feed.addLog(piece("first"));
    feed.addMetrics({ attempt: 1, points: [{ name: "loss", step: 0, value: 1 }] });
    feed.addLog(piece("second\n", 2));
    feed.addLog(piece("late\n", 1));
    expect(feed.lines).toEqual(["second"]);
    expect(feed.series.size).toBe(0);
  });

  it("keeps the points of each metric in order", () => {
    const feed = new RunFeed();
    feed.addMetrics({ attempt: 1, points: [{ name: "loss", step: 0, value: 1 }, { name: "acc", step: 0, value: 0.2 }] });
    feed.addMetrics({ attempt: 1, points: [{ name: "loss", step: 1, value: 0.5 }] });
    expect(feed.series.get("loss")).toEqual([{ step: 0, value: 1 }, { step: 1, value: 0.5 }]);
  });
});

it("finds lines in any case", () => {
  expect(findLines(["Loss 1", "step", "a loss"], "loss")).toEqual([0, 2]);
  expect(findLines(["a"], "")).toEqual([]);
});
