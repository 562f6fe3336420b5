import Form, { type FormProps } from "@rjsf/core";
import { Theme } from "@rjsf/mantine";
import { type ErrorSchema, type IconButtonProps, type RegistryFieldsType, type RegistryWidgetsType, toErrorSchema, type UiSchema, type WidgetProps } from "@rjsf/utils";
import { Button, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
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
  CheckboxWidget: YesNo,
  DateWidget: (props) => <NativeInput {...props} kind="date" />,
  DateTimeWidget: (props) => <NativeInput {...props} kind="datetime-local" />,
};

/** Groups are named by text: the page's headings have an order of their own. */
const templates: FormProps["templates"] = { ...Theme.templates, TitleFieldTemplate: GroupTitle, ArrayFieldTitleTemplate: GroupTitle, ButtonTemplates: { ...Theme.templates?.ButtonTemplates, AddButton } };

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
  /** The buttons below. */
  children: React.ReactNode;
};

/** The form of a signature. */
export default function InputsForm({ id, inputs, example, values, problems, onChange, onFile, onSubmit, children }: Props) {
  const plan = useMemo(() => planForm(inputs, example), [inputs, example]);
  const context: RunFormContext = { onFile, examples: example ?? {} };
  return (
    <Form
      id={id}
      idPrefix="input"
      schema={plan.schema}
      uiSchema={{ ...plan.uiSchema, "ui:title": "" } as UiSchema}
      formData={values}
      formContext={context}
      fields={fields}
      widgets={widgets}
      templates={templates}
      validator={validator}
      extraErrors={errorSchemaOf(problems)}
      extraErrorsBlockSubmit={false}
      showErrorList={false}
      noHtml5Validate
      focusOnFirstError
      experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults", allOf: "skipDefaults" }}
      onChange={({ formData }) => onChange((formData ?? {}) as Inputs)}
      onSubmit={onSubmit}
      onError={() => undefined}
    >
      {children}
    </Form>
  );
}

function GroupTitle({ title, required }: { title?: string; required?: boolean }) {
  return title ? <Text size="sm" fw={600} component="span">{title}{required && <Text span c="var(--mantine-color-error)" aria-hidden> *</Text>}</Text> : null;
}

function AddButton({ onClick, disabled, id }: IconButtonProps) {
  return <Button id={id} size="compact-sm" variant="default" leftSection={<IconPlus size={13} />} onClick={onClick} disabled={disabled}>Add</Button>;
}

function YesNo({ id, label, value, rawErrors, onChange, schema, options }: WidgetProps) {
  return (
    <Switch id={id} label={label} description={(options.description) ?? schema.description} checked={value === true} error={rawErrors?.join(" ")} onChange={(event) => onChange(event.currentTarget.checked)} />
  );
}

function errorSchemaOf(problems: Record<string, string>): ErrorSchema {
  const errors = Object.entries(problems).map(([field, message]) => ({ property: `.${field.split(/[./[\]]+/).filter(Boolean).join(".")}`, message, stack: message }));
  return toErrorSchema(errors);
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
