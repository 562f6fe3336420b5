import { Button, type ButtonProps, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";

type Props = ButtonProps & {
  label: string;
  title: string;
  consequence: string;
  /** Text that has to be typed before the button works; for what cannot be undone. */
  phrase?: string;
  onConfirm: () => Promise<unknown>;
};

/** A button that says what will happen and asks once. */
export function ConfirmButton({ label, title, consequence, phrase, onConfirm, ...button }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    await onConfirm().then(close, () => undefined);
    setBusy(false);
  };
  return (
    <>
      <Button variant="default" {...button} onClick={open}>{label}</Button>
      <Modal opened={opened} onClose={close} withCloseButton={false} centered attributes={{ content: { "aria-label": title } }}>
        <Stack>
          <Title order={2} size="h2">{title}</Title>
          <Text size="sm">{consequence}</Text>
          {phrase && (
            <TextInput label={`Type ${phrase} to confirm`} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} data-autofocus />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>Keep it</Button>
            <Button color="red.9" loading={busy} disabled={phrase !== undefined && typed !== phrase} onClick={() => void confirm()}>{label}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
