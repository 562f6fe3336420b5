import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";
import { useState } from "react";

import { emptyGrid, gridOf, gridShape, type GridShape, valueOfGrid } from "@/lib/grid";

import { FieldFrame, type RunFormContext } from "./field-frame";
import { GridCanvas } from "./grid-canvas";
import { JsonField } from "./json-field";

/** A small grey image that a model takes as numbers: drawn by hand, or written as JSON. */
export function GridField(field: FieldProps) {
  const { schema, name, registry } = field;
  const { examples } = registry.formContext as RunFormContext;
  const shape = gridShape(schema, examples[name]);
  return shape ? <Drawn field={field} shape={shape} /> : <JsonField {...field} />;
}

function Drawn({ field, shape }: { field: FieldProps; shape: GridShape }) {
  const { onChange, fieldPathId, name, schema } = field;
  const [mode, setMode] = useState("draw");
  const grid = gridOf(field.formData, shape);
  const put = (next: number[][]) => onChange(valueOfGrid(next, shape), fieldPathId.path);
  const ways = <SegmentedControl mt={6} size="xs" aria-label={`How to give ${name}`} value={mode} onChange={setMode} data={[{ value: "draw", label: "Draw" }, { value: "json", label: "JSON" }]} />;
  if (mode === "json") return <>{ways}<JsonField {...field} /></>;
  return (
    <FieldFrame field={field} aside={ways}>
      <GridCanvas grid={grid} shape={shape} label={schema.title ?? name} onChange={put} />
      <Group mt={8} gap="sm">
        <Button size="compact-sm" variant="default" onClick={() => put(emptyGrid(shape))}>Clear</Button>
        <Text size="sm" c="dimmed">{shape.rows} × {shape.columns}. Draw; hold Shift to erase.</Text>
      </Group>
    </FieldFrame>
  );
}
