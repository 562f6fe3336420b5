import { Table, Text } from "@mantine/core";

import { describe, propertiesOf } from "@/lib/form-schema";
import type { Signature } from "@/lib/signature";
import { typeName } from "@/lib/type-name";
import { Section } from "@/ui/section";
import { WideTable } from "@/ui/wide-table";

/** What the model takes and gives, in one table. */
export function SignatureTable({ signature }: { signature: Signature }) {
  const required = Array.isArray(signature.inputs.required) ? signature.inputs.required : [];
  const rows = Object.entries(propertiesOf(signature.inputs));
  return (
    <Section title="Inputs and output" flush>
      <WideTable label="What it takes, in full" minWidth={420} verticalSpacing={7} horizontalSpacing="md">
        <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Type</Table.Th><Table.Th>Meaning</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {rows.map(([name, schema]) => (
            <Table.Tr key={name}>
              <Table.Td className="mono">{name}{required.includes(name) ? "" : "?"}</Table.Td>
              <Table.Td className="mono">{typeName(schema)}</Table.Td>
              <Table.Td><Text size="sm" c="dimmed">{describe(schema)}</Text></Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Td><b>Output</b></Table.Td>
            <Table.Td className="mono">{typeName(signature.output)}{signature.streams ? ", streamed" : ""}</Table.Td>
            <Table.Td><Text size="sm" c="dimmed">{describe(signature.output)}</Text></Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </WideTable>
      {signature.notes.map((note) => <Text key={note} size="sm" c="dimmed" px="md" py={6}>{note}</Text>)}
    </Section>
  );
}
