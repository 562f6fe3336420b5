import { Button, type ButtonProps, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";

type Question = {
  label: string;
  title: string;
  consequence: string;
  /** Text that has to be typed before the button works; for what cannot be undone. */
  phrase?: string;
  /** Where it fails, the dialog stays open. */
  onConfirm: () => Promise<unknown>;
};

/** A button that says what will happen and asks once. */
export function ConfirmButton({ label, title, consequence, phrase, onConfirm, ...button }: ButtonProps & Question) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" {...button} onClick={open}>{label}</Button>
      <ConfirmDialog label={label} title={title} consequence={consequence} phrase={phrase} onConfirm={onConfirm} opened={opened} onClose={close} />
    </>
  );
}

/** The question alone, for what is no button of its own, such as a line of a menu. */
export function ConfirmDialog({ label, title, consequence, phrase, onConfirm, opened, onClose }: Question & { opened: boolean; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    await onConfirm().then(onClose, () => undefined);
    setBusy(false);
  };
  return (
    <Modal opened={opened} onClose={onClose} withCloseButton={false} centered attributes={{ content: { "aria-label": title } }}>
      <Stack>
        <Title order={2} size="h2">{title}</Title>
        <Text size="sm">{consequence}</Text>
        {phrase && (
          <TextInput label={`Type ${phrase} to confirm`} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} data-autofocus />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Keep it</Button>
          <Button color="red.9" loading={busy} disabled={phrase !== undefined && typed !== phrase} onClick={() => void confirm()}>{label}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
