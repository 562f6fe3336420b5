import { expect, it } from "vitest";

import { recordsOf } from "./csv";

it("reads quoted cells, numbers and gaps", () => {
  const text = '\uFEFFname,age,note\r\n"Ann ""A"", Lee",41.5,"two\nlines"\r\nBob,007,\r\n';
  expect(recordsOf(text)).toEqual([
    { name: 'Ann "A", Lee', age: 41.5, note: "two\nlines" },
    { name: "Bob", age: "007", note: null },
  ]);
});

it("reads what was copied from a spreadsheet", () => {
  expect(recordsOf("a\tb\n1\ttrue")).toEqual([{ a: 1, b: true }]);
  expect(recordsOf("a;b\n1;-2e3")).toEqual([{ a: 1, b: -2000 }]);
});

it("finds no records in a heading alone", () => expect(recordsOf("a,b")).toEqual([]));
