import { expect, test } from "vitest";

import { cardFields, compareFields, formatRange, packagesOf, parseRange, signatureFields } from "./compare";

test("a range is two version numbers", () => {
  expect(parseRange("v1...v12")).toEqual({ base: 1, head: 12 });
  expect(parseRange("v1..v2")).toBeNull();
  expect(parseRange("main...v2")).toBeNull();
  expect(formatRange({ base: 1, head: 2 })).toBe("v1...v2");
});

test("packages of a lock that were added, removed and upgraded", () => {
  const before = packagesOf("# made by uv\nnumpy==2.1.0 \\\n    --hash=sha256:ab\nscikit-learn==1.5.0 ; python_version > '3'\nsix==1.0\n");
  const after = packagesOf("numpy==2.2.0 \\\n    --hash=sha256:cd\nscikit_learn==1.5.0\njoblib==1.4\n");
  expect(compareFields(before, after)).toEqual([
    { name: "joblib", before: null, after: "1.4" },
    { name: "numpy", before: "2.1.0", after: "2.2.0" },
    { name: "six", before: "1.0", after: null },
  ]);
});

test("empty fields of a card are no fields", () => {
  expect(cardFields({ title: "Digits", tags: [], license: "", population: null, example: { a: 1 } })).toEqual({ title: "Digits", example: '{"a": 1}' });
});

test("a signature differs when a type, a bound or an option does", () => {
  const base = { inputs: { properties: { a: { type: "integer", maximum: 3 }, b: { type: "string" } }, required: ["a", "b"] }, output: { type: "string" }, streams: false, notes: [] };
  const head = { inputs: { properties: { a: { type: "integer", maximum: 4 }, b: { type: "string" }, c: { type: "array", items: { type: "number", minimum: 0 } } }, required: ["a"] }, output: { type: "string" }, streams: true, notes: [] };
  expect(compareFields(signatureFields(base), signatureFields(head)).map(({ name }) => name)).toEqual(["input a", "input b", "input c", "output"]);
});
