import { expect, test } from "vitest";

import { readNotebook } from "./notebook";

const cell = (outputs: unknown[]) => JSON.stringify({ cells: [{ cell_type: "code", source: ["a = 1\n", "a"], outputs }], metadata: {} });
const shown = (output: unknown) => readNotebook(cell([output]))?.cells[0]?.outputs;

test("cells are read with their sources joined", () => {
  const read = readNotebook(JSON.stringify({ cells: [{ cell_type: "markdown", source: "# Hi" }, { cell_type: "code", source: ["a", "b"] }], metadata: { language_info: { name: "R" } } }));
  expect(read).toEqual({ language: "R", cells: [{ kind: "markdown", source: "# Hi", outputs: [] }, { kind: "code", source: "ab", outputs: [] }] });
});

test("what is no notebook is null", () => {
  for (const text of ["", "{", "[]", "{}", '{"cells": 1}', "null"]) expect(readNotebook(text)).toBeNull();
  expect(readNotebook('{"cells": [1, null]}')?.cells).toEqual([]);
});

test("HTML and script are never shown, their plain text is", () => {
  expect(shown({ output_type: "display_data", data: { "text/html": "<script>", "text/plain": "a table" } })).toEqual([{ kind: "text", text: "a table" }]);
  expect(shown({ output_type: "display_data", data: { "application/javascript": "x" } })).toEqual([]);
});

test("pictures come as data, if they are some", () => {
  expect(shown({ output_type: "display_data", data: { "image/png": ["iVBO\n", "Rw=="] } })).toEqual([{ kind: "image", url: "data:image/png;base64,iVBORw==" }]);
  expect(shown({ output_type: "display_data", data: { "image/png": '"><b>', "text/plain": "p" } })).toEqual([{ kind: "text", text: "p" }]);
});

test("errors lose the colours of the terminal", () => {
  expect(shown({ output_type: "error", traceback: ["\u001b[0;31mZero\u001b[0m", "end"] })).toEqual([{ kind: "error", text: "Zero\nend" }]);
});
