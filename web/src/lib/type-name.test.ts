import { expect, it } from "vitest";

import { typeName } from "./type-name";

it.each([
  [{}, "anything"],
  [{ type: "integer" }, "whole number"],
  [{ type: "string", "x-modelyard": "image" }, "image"],
  [{ enum: ["red", "blue"] }, "one of red, blue"],
  [{ $ref: "#/$defs/Patient" }, "Patient"],
  [{ anyOf: [{ type: "number" }, { type: "null" }] }, "number or nothing"],
  [{ type: "array", items: { type: "array", items: { type: "number" }, minItems: 8, maxItems: 8 } }, "list of list (8) of number"],
  [{ type: "object", additionalProperties: { type: "number" } }, "map of number"],
  [{ type: "string", format: "date-time" }, "date and time"],
])("%j is %s", (schema, name) => expect(typeName(schema)).toBe(name));
