import { JsonInput } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";
import { useState } from "react";

import { prettyJson } from "@/lib/json";

/** A value of any shape as JSON; what is not JSON yet stays as it was typed. */
export function JsonField(field: FieldProps) {
  const { onChange, fieldPathId, schema, uiSchema, name, required, rawErrors } = field;
  const formData: unknown = field.formData;
  const [typed, setTyped] = useState<string | null>(null);
  const shown = formData === undefined ? "" : prettyJson(formData);
  const valid = typed === null || isJson(typed);
  const change = (text: string) => {
    setTyped(text);
    if (text.trim() === "") onChange(undefined, fieldPathId.path);
    else if (isJson(text)) onChange(JSON.parse(text) as unknown, fieldPathId.path);
  };
  return (
    <JsonInput
      id={fieldPathId.$id}
      label={schema.title ?? name}
      description={(uiSchema?.["ui:description"]) ?? schema.description}
      required={required}
      value={typed ?? shown}
      onChange={change}
      onBlur={() => valid && setTyped(null)}
      error={valid ? rawErrors?.slice(0, 3).join(" ") : "This is not JSON yet."}
      placeholder={schema.type === "array" ? "[1, 2, 3]" : "JSON"}
      autosize
      minRows={2}
      maxRows={14}
      classNames={{ input: "mono" }}
      spellCheck={false}
    />
  );
}

function isJson(text: string): boolean {
  if (text.trim() === "") return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
