import { expect, it } from "vitest";

import { placeProblems } from "./place-problems";

const problem = { type: "about:blank", title: "t", status: 422, code: "c", detail: "The config is not JSON." };

it("puts a complaint beside the part that it is about", () => {
  expect(placeProblems({ ...problem, field: "config", remedy: "Write JSON." })).toEqual({ config: "The config is not JSON. Write JSON." });
  expect(placeProblems({ ...problem, field: "body.parts.source", errors: [{ field: "name", detail: "Taken." }] })).toEqual({
    source: "The config is not JSON.",
    name: "Taken.",
  });
  expect(placeProblems({ ...problem, field: "requirements:3" })).toEqual({ requirements: "The config is not JSON." });
});

it("leaves what has no place to the head of the form", () => {
  expect(placeProblems(problem)).toEqual({});
  expect(placeProblems({ ...problem, field: "owner" })).toEqual({});
});
