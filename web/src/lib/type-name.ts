import { isRecord } from "./json";

/** A schema's type as a person says it: "list of list of number (8 × 8)", "image", "one of red, blue". */
export function typeName(schema: unknown): string {
  if (!isRecord(schema) || !Object.keys(schema).length) return "anything";
  if (typeof schema["x-modelyard"] === "string") return schema["x-modelyard"];
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map(String).join(", ")}`;
  if (typeof schema.$ref === "string") return schema.$ref.split("/").pop() ?? "object";
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map(typeName).map((name) => (name === "null" ? "nothing" : name)).join(" or ");
  if (schema.type === "array") return listName(schema);
  if (schema.type === "object") return isRecord(schema.additionalProperties) ? `map of ${typeName(schema.additionalProperties)}` : "object";
  if (schema.format === "date" || schema.format === "date-time") return schema.format === "date" ? "date" : "date and time";
  const names: Record<string, string> = { string: "text", boolean: "yes or no", integer: "whole number" };
  return Array.isArray(schema.type) ? schema.type.join(" or ") : (names[String(schema.type)] ?? (typeof schema.type === "string" ? schema.type : "anything"));
}

function listName(schema: Record<string, unknown>): string {
  const size = schema.minItems !== undefined && schema.minItems === schema.maxItems ? ` (${Number(schema.minItems)})` : "";
  return `list${size} of ${typeName(schema.items)}`;
}
