import { expect, test } from "vitest";

import { modelOf } from "./model";

test("the box's own facts are told apart from the card's fields", () => {
  const model = modelOf({
    title: "Digits",
    example: { image: 1 },
    repository: "ada/digits",
    version: "3",
    box_version: "1",
    signature: { inputs: {} },
    loaded: true,
    load_seconds: 0.5,
    notes: [],
  });
  expect(model).toEqual({
    card: { title: "Digits", example: { image: 1 } },
    signature: { inputs: {} },
    address: { owner: "ada", name: "digits" },
    version: "3",
    loaded: true,
  });
});

test("a box that nobody told its name has none", () => {
  expect(modelOf({ repository: null, version: null, loaded: false })).toEqual({ card: {}, signature: null, address: null, version: null, loaded: false });
});
