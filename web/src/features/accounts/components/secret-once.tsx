import { Alert, Group, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";

import { CopyButton } from "@/ui/copy-button";

type Props = { title: string; secret: string; note: string };

/** A secret that the server shows once. */
export function SecretOnce({ title, secret, note }: Props) {
  return (
    <Alert variant="default" icon={<IconKey color="var(--accent-text)" />} title={title} role="status">
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Text className="mono" style={{ wordBreak: "break-all" }} data-testid="secret">{secret}</Text>
        <CopyButton value={secret} label="Copy" />
      </Group>
      <Text size="sm" c="dimmed">{note}</Text>
    </Alert>
  );
}
