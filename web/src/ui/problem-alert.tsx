import { Alert, Button, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import { problemOf } from "@/client/problem";

type Props = {
  error: unknown;
  onRetry?: () => void;
  title?: string;
  /** What happened is told where it happened; here only that it did. */
  brief?: boolean;
};

/** What went wrong, why, and what to do now, in place of what could not be shown. */
export function ProblemAlert({ error, onRetry, title, brief }: Props) {
  const problem = problemOf(error);
  return (
    <Alert variant="default" icon={<IconAlertTriangle color="var(--bad)" />} title={title ?? problem.title} role="alert">
      {!brief && problem.detail !== problem.title && <Text size="sm">{problem.detail}</Text>}
      {!brief && problem.remedy && <Text size="sm" c="dimmed">{problem.remedy}</Text>}
      {problem.request_id && <Text size="xs" c="dimmed">Request {problem.request_id}</Text>}
      {onRetry && <Button mt="xs" size="xs" variant="default" onClick={onRetry}>Try again</Button>}
    </Alert>
  );
}
