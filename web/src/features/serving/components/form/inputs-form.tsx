import Form from "@rjsf/core";
import { Theme } from "@rjsf/mantine";
import type { ErrorSchema, RegistryFieldsType, RegistryWidgetsType, UiSchema, WidgetProps } from "@rjsf/utils";
import { Textarea, TextInput } from "@mantine/core";
import { useMemo } from "react";

import { type Inputs, planForm, type Schema } from "@/lib/form-schema";

import type { RunFormContext } from "./field-frame";
import { FileField, ImageField } from "./file-field";
import { GridField } from "./grid-field";
import { JsonField } from "./json-field";
import { TableField } from "./table-field";
import { validator } from "./validator";

const fields: RegistryFieldsType = { ...Theme.fields, image: ImageField, file: FileField, grid: GridField, json: JsonField, table: TableField };
const widgets: RegistryWidgetsType = {
  ...Theme.widgets,
  textarea: TextArea,
  TextareaWidget: TextArea,
  DateWidget: (props) => <NativeInput {...props} kind="date" />,
  DateTimeWidget: (props) => <NativeInput {...props} kind="datetime-local" />,
};

type Props = {
  id: string;
  inputs: Schema;
  example: Inputs | undefined;
  values: Inputs;
  /** What the model said of each input. */
  problems: Record<string, string>;
  onChange: (values: Inputs) => void;
  onFile: (input: string, fileName: string | null) => void;
  onSubmit: () => void;
};

/** The form of a signature. Its submit button stands outside and names it by `id`. */
export default function InputsForm({ id, inputs, example, values, problems, onChange, onFile, onSubmit }: Props) {
  const plan = useMemo(() => planForm(inputs, example), [inputs, example]);
  const context: RunFormContext = { onFile, examples: example ?? {} };
  return (
    <Form
      id={id}
      idPrefix="input"
      schema={plan.schema}
      uiSchema={{ ...plan.uiSchema, "ui:submitButtonOptions": { norender: true }, "ui:title": "" } as UiSchema}
      formData={values}
      formContext={context}
      fields={fields}
      widgets={widgets}
      templates={Theme.templates}
      validator={validator}
      extraErrors={errorSchemaOf(problems)}
      extraErrorsBlockSubmit={false}
      showErrorList={false}
      noHtml5Validate
      focusOnFirstError
      experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults", allOf: "skipDefaults" }}
      onChange={({ formData }) => onChange((formData ?? {}) as Inputs)}
      onSubmit={onSubmit}
    />
  );
}

function errorSchemaOf(problems: Record<string, string>): ErrorSchema {
  const schema: Record<string, { __errors: string[] }> = {};
  for (const [field, text] of Object.entries(problems)) {
    const [input = field] = field.split(/[./[]/).filter(Boolean);
    schema[input] = { __errors: [text] };
  }
  return schema as ErrorSchema;
}

function TextArea({ id, label, value, required, rawErrors, onChange, schema, options, placeholder }: WidgetProps) {
  return (
    <Textarea
      id={id}
      label={label}
      description={(options.description) ?? schema.description}
      required={required}
      placeholder={placeholder}
      autosize
      minRows={1}
      maxRows={12}
      value={typeof value === "string" ? value : ""}
      error={rawErrors?.join(" ")}
      onChange={(event) => onChange(event.currentTarget.value === "" ? undefined : event.currentTarget.value)}
    />
  );
}

/** Dates by the browser's own control. A date-time goes out in UTC. */
function NativeInput({ id, label, value, required, rawErrors, onChange, schema, options, kind }: WidgetProps & { kind: "date" | "datetime-local" }) {
  const text = typeof value === "string" ? value : "";
  return (
    <TextInput
      id={id}
      type={kind}
      step={kind === "date" ? undefined : 1}
      label={label}
      description={(options.description) ?? schema.description}
      required={required}
      value={kind === "date" ? text : text.slice(0, 19)}
      error={rawErrors?.join(" ")}
      onChange={(event) => {
        const { value: next } = event.currentTarget;
        onChange(next === "" ? undefined : kind === "date" ? next : `${next.length === 16 ? `${next}:00` : next}Z`);
      }}
    />
  );
}
