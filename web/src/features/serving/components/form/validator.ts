import { type Schema as CheckedSchema, Validator } from "@cfworker/json-schema";
import { type RJSFSchema, type RJSFValidationError, toErrorSchema, type ValidatorType } from "@rjsf/utils";

/**
 * Checks a form by its JSON Schema without making code from it: our content security policy forbids `eval`, which the
 * form library's usual validator (Ajv) needs.
 */
export const validator: ValidatorType = {
  validateFormData(formData, schema) {
    const errors = check(schema, formData);
    return { errors, errorSchema: toErrorSchema(errors) };
  },
  isValid(schema, formData, rootSchema) {
    const whole = { ...schema, $defs: (rootSchema).$defs };
    return run(whole, formData).valid;
  },
  rawValidation(schema, formData) {
    return { errors: check(schema, formData) as never[] };
  },
};

export default validator;

const SUMMARIES = new Set(["properties", "items", "$ref", "anyOf", "oneOf", "allOf", "additionalProperties", "prefixItems"]);

function check(schema: RJSFSchema, value: unknown): RJSFValidationError[] {
  const { errors } = run(schema, value);
  const leaves = errors.filter(({ keyword }) => !SUMMARIES.has(keyword));
  return (leaves.length ? leaves : errors).map(({ keyword, instanceLocation, error }) => {
    const missing = keyword === "required" ? /"([^"]+)"/.exec(error)?.[1] : undefined;
    const path = instanceLocation.split("/").slice(1).map(unescape);
    const property = [...path, ...(missing === undefined ? [] : [missing])].map((part) => `.${part}`).join("");
    const message = missing === undefined ? sentence(keyword, error) : "Needed.";
    return { name: keyword, property, message, stack: `${property} ${message}` };
  });
}

function run(schema: RJSFSchema, value: unknown) {
  return new Validator(schema as CheckedSchema, "2020-12", false).validate(withoutUndefined(value));
}

function sentence(keyword: string, error: string): string {
  if (keyword === "type") return error.replace(/^Instance type "(.+)" is invalid\. Expected "(.+)"\.$/, "Expected $2, this is $1.");
  return error.replace(/^Instance /, "This ");
}

function withoutUndefined(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function unescape(part: string): string {
  return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
}
