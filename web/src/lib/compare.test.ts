import { expect, test } from "vitest";

import { cardFields, compareFields, formatRange, parseRange, signatureFields } from "./compare";

test("a range is two version numbers", () => {
  expect(parseRange("v1...v12")).toEqual({ base: 1, head: 12 });
  expect(parseRange("v1..v2")).toBeNull();
  expect(parseRange("main...v2")).toBeNull();
  expect(formatRange({ base: 1, head: 2 })).toBe("v1...v2");
});

test("empty fields of a card are no fields", () => {
  expect(cardFields({ title: "Digits", tags: [], license: "", population: null, example: { a: 1 } })).toEqual({ title: "Digits", example: '{"a": 1}' });
});

test("a signature differs when a type, a bound or an option does", () => {
  const base = { inputs: { properties: { a: { type: "integer", maximum: 3 }, b: { type: "string" } }, required: ["a", "b"] }, output: { type: "string" }, streams: false, notes: [] };
  const head = { inputs: { properties: { a: { type: "integer", maximum: 4 }, b: { type: "string" }, c: { type: "array", items: { type: "number", minimum: 0 } } }, required: ["a"] }, output: { type: "string" }, streams: true, notes: [] };
  expect(compareFields(signatureFields(base), signatureFields(head)).map(({ name }) => name)).toEqual(["input a", "input b", "input c", "output"]);
});
