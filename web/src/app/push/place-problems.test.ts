import { expect, it } from "vitest";

import { placeProblems } from "./place-problems";

const problem = { type: "about:blank", title: "t", status: 422, code: "c", detail: "The config is not JSON." };

it("puts a complaint beside the part that it is about", () => {
  expect(placeProblems({ ...problem, field: "config", remedy: "Write JSON." })).toEqual({ config: "The config is not JSON. Write JSON." });
  expect(placeProblems({ ...problem, field: "body.parts.source", errors: [{ field: "name", detail: "Taken." }] })).toEqual({
    source: "The config is not JSON.",
    name: "Taken.",
  });
  expect(placeProblems({ ...problem, field: "owner" })).toEqual({ owner: "The config is not JSON." });
  expect(placeProblems({ ...problem, field: "requirements:3" })).toEqual({ requirements: "The config is not JSON." });
});

it("puts complaints about what is inside a file beside that file", () => {
  expect(placeProblems({ ...problem, code: "config_invalid", field: "/title" })).toEqual({ config: "The config is not JSON." });
  expect(placeProblems({ ...problem, code: "target_missing", field: "predict/function" })).toHaveProperty("config");
  expect(placeProblems({ ...problem, code: "archive_bomb" })).toHaveProperty("source");
  expect(placeProblems({ ...problem, code: "config_invalid", field: "artifact" })).toHaveProperty("artifact");
  expect(placeProblems({ ...problem, code: "config_invalid", field: "/name" }, "archive")).toHaveProperty("archive");
});

it("leaves what has no place to the head of the form", () => {
  expect(placeProblems(problem)).toEqual({});
  expect(placeProblems({ ...problem, field: "kind" })).toEqual({});
});
