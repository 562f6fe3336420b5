import { Anchor, Button, Collapse, Group, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";

/** Writes config.json from the names that it holds, for those who have none. */
export function ConfigWriter({ onWritten }: { onWritten: (file: File) => void }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const [names, setNames] = useState({ module: "", class: "", function: "predict" });
  const write = () => {
    const predict = { module: names.module, ...(names.class ? { class: names.class } : {}), function: names.function };
    onWritten(new File([JSON.stringify({ predict }, null, 2)], "config.json", { type: "application/json" }));
    close();
  };
  const set = (key: keyof typeof names) => (event: { currentTarget: { value: string } }) => setNames({ ...names, [key]: event.currentTarget.value.trim() });
  return (
    <>
      <Text size="sm" c="dimmed" mt="sm">
        No config yet? <Anchor component="button" type="button" inherit onClick={toggle} aria-expanded={opened}>Write one here</Anchor>: it names the function that predicts.
      </Text>
      <Collapse expanded={opened}>
        <Group align="flex-end" gap="sm" mt="xs">
          <TextInput label="Module" placeholder="model" value={names.module} onChange={set("module")} />
          <TextInput label="Class" placeholder="none" value={names.class} onChange={set("class")} />
          <TextInput label="Function" value={names.function} onChange={set("function")} />
          <Button variant="default" disabled={!names.module || !names.function} onClick={write}>Use it</Button>
        </Group>
      </Collapse>
    </>
  );
}
