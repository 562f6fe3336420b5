import { describe, expect, it } from "vitest";

import { validator } from "./validator";

const schema = {
  type: "object",
  properties: { age: { type: "integer", minimum: 0 }, patient: { $ref: "#/$defs/Patient" }, "a/b": { type: "string" } },
  required: ["age"],
  additionalProperties: false,
  $defs: { Patient: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } },
} as const;

const found = (value: unknown) => validator.validateFormData(value, schema as never).errors.map(({ property, message }) => `${property}: ${message}`);

describe("validator", () => {
  it("accepts what the schema accepts", () => expect(found({ age: 3, patient: { name: "A" } })).toEqual([]));

  it("names the field at fault", () => {
    expect(found({})).toEqual([".age: Needed."]);
    expect(found({ age: "3" })).toEqual([".age: Expected integer, this is string."]);
    expect(found({ age: 1, patient: {} })).toEqual([".patient.name: Needed."]);
    expect(found({ age: 1, "a/b": 2 })).toEqual([".a/b: Expected string, this is number."]);
    expect(found({ age: -1 })[0]).toBe(".age: -1 is less than 0.");
  });

  it("treats an emptied field as absent", () => expect(found({ age: undefined })).toEqual([".age: Needed."]));
});
