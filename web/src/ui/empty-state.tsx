import { Stack, Text, Title } from "@mantine/core";

type Props = {
  icon: React.ReactNode;
  title: string;
  children?: React.ReactNode;
  action?: React.ReactNode;
  /** Whether this is all that the page holds, so that its title is the page's. */
  whole?: boolean;
};

/** Nothing here yet: says why, and shows the one next step. */
export function EmptyState({ icon, title, children, action, whole }: Props) {
  return (
    <Stack align="center" gap="xs" py={44} px="md" ta="center">
      <span style={{ color: "var(--accent-text)" }} aria-hidden>{icon}</span>
      <Title order={whole ? 1 : 2} size="h2">{title}</Title>
      {children && <Text component="div" c="dimmed" maw={520} size="sm">{children}</Text>}
      {action && <div style={{ marginTop: 8 }}>{action}</div>}
    </Stack>
  );
}
