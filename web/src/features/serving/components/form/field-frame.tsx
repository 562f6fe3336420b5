import { Input } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";

/** Tells the form which file an input's bytes came from; null where they are not a file's. */
export type RunFormContext = { onFile: (input: string, fileName: string | null) => void; examples: Record<string, unknown> };

type Props = { field: FieldProps; labelFor?: string; aside?: React.ReactNode; children: React.ReactNode };

/** Label, meaning and errors around a control of our own, as the form's other fields have them. */
export function FieldFrame({ field, labelFor, aside, children }: Props) {
  const { schema, uiSchema, name, required, rawErrors, fieldPathId } = field;
  const description = (uiSchema?.["ui:description"]) ?? schema.description;
  return (
    <Input.Wrapper
      id={fieldPathId.$id}
      label={schema.title ?? name}
      labelElement={labelFor ? "label" : "div"}
      labelProps={labelFor ? { htmlFor: labelFor } : undefined}
      description={description}
      required={required}
      error={rawErrors?.length ? rawErrors.slice(0, 3).join(" ") : undefined}
    >
      {aside}
      <div style={{ marginTop: 6 }}>{children}</div>
    </Input.Wrapper>
  );
}
