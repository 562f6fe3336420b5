import { FileButton, Button, Group, Text } from "@mantine/core";
import { IconTableImport } from "@tabler/icons-react";
import type { FieldProps } from "@rjsf/utils";

import { recordsOf } from "@/lib/csv";
import { notifyProblem } from "@/ui/notify";

import { JsonField } from "./json-field";

/** A table: rows as JSON, or read from a CSV file. */
export function TableField(field: FieldProps) {
  const { onChange, fieldPathId } = field;
  const formData: unknown = field.formData;
  const load = async (file: File | null) => {
    if (file) onChange(recordsOf(await file.text()), fieldPathId.path);
  };
  const rows = Array.isArray(formData) ? formData.length : 0;
  return (
    <>
      <JsonField {...field} key={rows} />
      <Group gap="xs" mt={6}>
        <FileButton accept=".csv,.tsv,text/csv" onChange={(file) => void load(file).catch(notifyProblem)}>
          {(props) => <Button {...props} size="xs" variant="default" leftSection={<IconTableImport size={14} />}>Load a CSV file</Button>}
        </FileButton>
        <Text size="sm" c="dimmed" role="status">{rows ? `${rows} rows` : ""}</Text>
      </Group>
    </>
  );
}
