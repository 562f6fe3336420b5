import { expect, it } from "vitest";

import { runSnippet } from "./run-snippets";

const call = {
  origin: "http://here",
  address: "ada/rotate",
  order: { version: 2, parameters: { angle: 90, note: "it's" }, inputs: { images: { dataset: "ada/cats@v1", path: "a/" }, extra: { run: "7f", path: "x.csv" }, mine: { uploads: [{ upload: "u", path: "one.png" }] } }, title: "a title" },
};

it("asks for the same run from a command line", () => {
  expect(runSnippet("cli", call)).toBe(
    [
      "modelyard run ada/rotate@v2",
      "--param angle=90",
      "--param 'note=it'\\''s'",
      "--in images=ada/cats@v1/a/",
      "--in extra=run:7f/x.csv",
      "--in mine=./one.png",
      "--title 'a title'",
      "--wait",
    ].join(" \\\n  "),
  );
});

it("sends the whole order from curl and Python", () => {
  expect(runSnippet("curl", call)).toContain(`'http://here/api/v1/repos/ada/rotate/runs'`);
  expect(runSnippet("curl", call)).toContain(`it'\\''s`);
  expect(runSnippet("python", { ...call, order: { version: 1 } })).toContain(`json={"version": 1},`);
});
