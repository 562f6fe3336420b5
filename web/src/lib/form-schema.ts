/**
 * From a version's signature to a form: which control each input gets, and the schema that the form is checked by.
 * Pure; what is drawn by hand, dropped or typed is decided by the components.
 */
import { gridShape } from "./grid";
import { formatNumber, humanize } from "./format";
import { isRecord } from "./json";
import { typeName } from "./type-name";

export type Schema = Record<string, unknown>;
export type Inputs = Record<string, unknown>;
export type Control = "image" | "file" | "grid" | "table" | "json" | "text" | "native";
export type FormPlan = { schema: Schema; uiSchema: Record<string, unknown>; controls: Record<string, Control> };

/** The form for a signature's `inputs`; `example` helps where the schema is open. */
export function planForm(inputs: Schema, example: Inputs = {}): FormPlan {
  const definitions = isRecord(inputs.$defs) ? inputs.$defs : {};
  const properties: Record<string, Schema> = {};
  const uiSchema: Record<string, unknown> = {};
  const controls: Record<string, Control> = {};
  for (const [name, raw] of Object.entries(propertiesOf(inputs))) {
    const schema = named(withoutNull(raw));
    const control = controlOf(schema, example[name], definitions);
    controls[name] = control;
    properties[name] = { ...schema, title: typeof schema.title === "string" ? schema.title : humanize(name) };
    uiSchema[name] = { ...uiOf(control), "ui:description": describe(schema) };
  }
  const required = namesOf(inputs.required).filter((name) => !isNullable(propertiesOf(inputs)[name]));
  const $defs = Object.fromEntries(Object.entries(definitions).map(([name, raw]) => [name, isRecord(raw) ? inner(raw) : raw]));
  return { schema: { ...inputs, properties, required, ...(inputs.$defs ? { $defs } : {}) }, uiSchema, controls };
}

/** What to send: the form's values, and null for what must be there but may be null, at any depth. */
export function completeInputs(inputs: Schema, values: Inputs): Inputs {
  return complete(inputs, values, isRecord(inputs.$defs) ? inputs.$defs : {}) as Inputs;
}

function complete(raw: unknown, value: unknown, definitions: Schema): unknown {
  const schema = resolve(isRecord(raw) ? withoutNull(raw) : {}, definitions);
  if (Array.isArray(value)) return value.map((item) => complete(schema.items, item, definitions));
  if (!isRecord(value)) return value;
  const properties = propertiesOf(schema);
  const sent: Inputs = {};
  for (const [name, item] of Object.entries(value)) if (item !== undefined) sent[name] = complete(properties[name], item, definitions);
  for (const name of namesOf(schema.required)) if (!(name in sent) && isNullable(properties[name])) sent[name] = null;
  return sent;
}

/** What the form starts with: the example where there is one, else the defaults. */
export function initialInputs(inputs: Schema, example: Inputs | undefined): Inputs {
  const values: Inputs = {};
  for (const [name, schema] of Object.entries(propertiesOf(inputs))) {
    if (example && name in example) values[name] = example[name];
    else if (schema.default !== undefined && schema.default !== null) values[name] = schema.default;
  }
  return values;
}

export function propertiesOf(inputs: Schema): Record<string, Schema> {
  return isRecord(inputs.properties) ? (inputs.properties as Record<string, Schema>) : {};
}

export function kindOf(schema: unknown): string | undefined {
  return isRecord(schema) && typeof schema["x-modelyard"] === "string" ? schema["x-modelyard"] : undefined;
}

/** The meaning of an input in one line: its description, range and default. */
export function describe(schema: Schema): string {
  const facts = [rangeOf(schema), defaultOf(schema)].filter(Boolean).join(" · ");
  const text = typeof schema.description === "string" ? schema.description.trim() : "";
  return [text, facts].filter(Boolean).join(text && /[.!?]$/.test(text) ? " " : " · ");
}

function controlOf(schema: Schema, example: unknown, definitions: Schema): Control {
  const kind = kindOf(schema);
  if (kind === "image" || kind === "file") return kind;
  if (gridShape(schema, example)) return "grid";
  if (kind === "table") return "table";
  if (kind === "array" || isFree(resolve(schema, definitions)) || isNumberList(schema)) return "json";
  const plainText = schema.type === "string" && !schema.enum && !schema.format && !schema.pattern;
  return plainText ? "text" : "native";
}

function uiOf(control: Control): Record<string, unknown> {
  if (control === "native") return {};
  return control === "text" ? { "ui:widget": "textarea" } : { "ui:field": control };
}

/** A definition as the form uses it: its nullable fields may stay empty, and every field has words. */
function inner(schema: Schema): Schema {
  const old = propertiesOf(schema);
  if (!Object.keys(old).length) return schema;
  const properties = Object.fromEntries(
    Object.entries(old).map(([name, raw]) => [name, { title: humanize(name), ...named(withoutNull(raw)) }]),
  );
  return { ...schema, properties, required: namesOf(schema.required).filter((name) => !isNullable(old[name])) };
}

/** Alternatives called by what they are. */
function named(schema: Schema): Schema {
  if (!Array.isArray(schema.anyOf)) return schema;
  return { ...schema, anyOf: (schema.anyOf as Schema[]).map((option) => ({ title: humanize(typeName(option)), ...option })) };
}

/** Whether nothing is known of a value that a form could be made of. */
function isFree(schema: Schema): boolean {
  if (["$ref", "enum", "const", "anyOf", "oneOf", "allOf"].some((keyword) => keyword in schema)) return false;
  if (schema.type === undefined || Array.isArray(schema.type)) return true;
  if (schema.type === "object") return Object.keys(propertiesOf(schema)).length === 0;
  return schema.type === "array" && (!isRecord(schema.items) || isFree(schema.items));
}

function isNumberList(schema: Schema): boolean {
  if (schema.type !== "array" || !isRecord(schema.items)) return false;
  return ["number", "integer", "array"].includes(String(schema.items.type));
}

function resolve(schema: Schema, definitions: Schema): Schema {
  const name = typeof schema.$ref === "string" ? schema.$ref.replace("#/$defs/", "") : "";
  return isRecord(definitions[name]) ? definitions[name] : schema;
}

/** `X | None` as X: an empty field means null. */
function withoutNull(schema: Schema): Schema {
  if (!isNullable(schema)) return schema;
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null") as string[];
    return { ...schema, type: types.length === 1 ? types[0] : types };
  }
  const { anyOf, ...rest } = schema;
  const others = (anyOf as Schema[]).filter((option) => option.type !== "null");
  if (rest.default === null) delete rest.default;
  return others.length === 1 ? { ...others[0], ...rest } : { ...rest, anyOf: others };
}

function isNullable(schema: Schema | undefined): boolean {
  if (Array.isArray(schema?.type)) return schema.type.includes("null");
  return Array.isArray(schema?.anyOf) && schema.anyOf.some((option) => isRecord(option) && option.type === "null");
}

function rangeOf(schema: Schema): string {
  const low = bound(schema.minimum, "at least") ?? bound(schema.exclusiveMinimum, "more than");
  const high = bound(schema.maximum, "at most") ?? bound(schema.exclusiveMaximum, "less than");
  if (typeof schema.minimum === "number" && typeof schema.maximum === "number")
    return `${formatNumber(schema.minimum)} to ${formatNumber(schema.maximum)}`;
  return [low, high].filter(Boolean).join(", ");
}

function bound(value: unknown, words: string): string | undefined {
  return typeof value === "number" ? `${words} ${formatNumber(value)}` : undefined;
}

function defaultOf(schema: Schema): string {
  const value = schema.default;
  if (value === undefined || value === null || typeof value === "object") return "";
  return `default ${typeof value === "string" ? value || "empty" : JSON.stringify(value)}`;
}

function namesOf(required: unknown): string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}
