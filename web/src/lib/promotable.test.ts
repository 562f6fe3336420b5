import { expect, it } from "vitest";

import { promotable } from "./promotable";

it("offers what looks like a model first", () => {
  expect(promotable(["best/modelyard.yaml", "best/deep/weights.pkl", "loss.csv", "last.onnx"])).toEqual({
    models: ["best/", "last.onnx"],
    others: ["best/deep/", "best/modelyard.yaml", "best/deep/weights.pkl", "loss.csv"],
  });
});

it("has nothing to offer of nothing", () => expect(promotable([])).toEqual({ models: [], others: [] }));

it("lets the files of a model without a folder be chosen one by one", () =>
  expect(promotable(["modelyard.yaml", "m.pkl"])).toEqual({ models: ["m.pkl"], others: ["modelyard.yaml"] }));
