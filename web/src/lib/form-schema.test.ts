import { describe as group, expect, it } from "vitest";

import { completeInputs, describe, initialInputs, planForm } from "./form-schema";

const inputs = {
  type: "object",
  properties: {
    picture: { type: "string", contentEncoding: "base64", "x-modelyard": "image" },
    upload: { type: "string", contentEncoding: "base64", "x-modelyard": "file" },
    pixels: { type: "array", items: { type: "array", items: { type: "number" }, minItems: 8, maxItems: 8 }, minItems: 8, maxItems: 8 },
    weights: { type: "array", items: { type: "number" } },
    rows: { type: "array", items: { type: "object" }, "x-modelyard": "table" },
    words: { type: "array", items: { type: "string" } },
    anything: {},
    patient: { $ref: "#/$defs/Patient" },
    comment: { type: "string" },
    colour: { enum: ["red", "blue"] },
    top: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], default: null },
    seed: { anyOf: [{ type: "integer" }, { type: "null" }] },
    share: { type: "number", minimum: 0, maximum: 1, default: 0.5, description: "Share kept" },
  },
  required: ["picture", "seed"],
  additionalProperties: false,
  $defs: { Patient: { type: "object", properties: { age: { type: "integer" } } } },
};

group("planForm", () => {
  const plan = planForm(inputs);

  it("gives each kind of input its control", () => {
    expect(plan.controls).toEqual({
      picture: "image", upload: "file", pixels: "grid", weights: "json", rows: "table", words: "native",
      anything: "json", patient: "native", comment: "text", colour: "native", top: "native", seed: "native", share: "native",
    });
  });

  it("makes `X | None` an X that may stay empty", () => {
    const properties = plan.schema.properties as Record<string, object>;
    expect(properties.top).toEqual({ type: "integer", minimum: 1, title: "Top" });
    expect(plan.schema.required).toEqual(["picture"]);
    expect(completeInputs(inputs, { picture: "…", top: undefined })).toEqual({ picture: "…", seed: null });
  });

  it("goes into definitions and alternatives", () => {
    const nested = {
      type: "object",
      properties: { patient: { $ref: "#/$defs/P" }, either: { anyOf: [{ type: "integer" }, { type: "string" }] } },
      $defs: { P: { type: "object", properties: { age: { anyOf: [{ type: "integer" }, { type: "null" }] } }, required: ["age"] } },
    };
    const { schema } = planForm(nested);
    expect(schema.$defs).toEqual({ P: { type: "object", properties: { age: { title: "Age", type: "integer" } }, required: [] } });
    expect(schema.properties).toMatchObject({ either: { anyOf: [{ title: "Whole number" }, { title: "Text" }] } });
    expect(completeInputs(nested, { patient: {} })).toEqual({ patient: { age: null } });
  });

  it("says range and default", () => {
    expect(describe(inputs.properties.share)).toBe("Share kept · 0 to 1 · default 0.5");
    expect(describe({ type: "integer", exclusiveMinimum: 3 })).toBe("more than 3");
    expect(describe({})).toBe("");
  });

  it("starts with the example, else with the defaults", () => {
    expect(initialInputs(inputs, undefined)).toEqual({ share: 0.5 });
    expect(initialInputs(inputs, { share: 0.9, comment: "hi" })).toEqual({ share: 0.9, comment: "hi" });
  });
});
