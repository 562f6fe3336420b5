import { Button, Group, Progress, Text } from "@mantine/core";
import { IconCircleCheck, IconDownload, IconPlayerStop } from "@tabler/icons-react";

import { formatBytes, formatSeconds } from "@/lib/format";

import { ProblemAlert } from "./problem-alert";
import { type DownloadState, useDownload } from "./use-download";

type Props = { url: string; label: string; variant?: "filled" | "default" };

/** Downloads something large: bytes, speed and time left are shown, and it goes on where it was cut off. */
export function DownloadButton({ url, label, variant = "filled" }: Props) {
  const { state, start, stop } = useDownload(url);
  const busy = state.phase === "preparing" || state.phase === "receiving";
  return (
    <div>
      <Group gap="xs">
        <Button variant={variant} leftSection={<IconDownload size={16} />} disabled={busy} onClick={start}>{busy || (state.phase !== "stopped" && state.phase !== "failed") ? label : "Go on"}</Button>
        {busy && <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={stop}>Stop</Button>}
      </Group>
      <div role="status" aria-live="polite" style={{ minHeight: 24 }}><Words state={state} /></div>
      {state.phase === "receiving" && <Progress mt={4} size={5} value={(100 * state.received) / Math.max(1, state.plan.size)} aria-label={label} />}
      {state.phase === "failed" && <ProblemAlert error={state.error} title="The download was cut off" />}
    </div>
  );
}

function Words({ state }: { state: DownloadState }) {
  if (state.phase === "preparing") return <Text size="sm" c="dimmed">The server puts it together…</Text>;
  if (state.phase === "done") return <Text size="sm"><IconCircleCheck size={15} color="var(--good)" style={{ verticalAlign: "-3px" }} aria-hidden /> {state.plan.fileName}, {formatBytes(state.plan.size)}: in your downloads.</Text>;
  if (state.phase === "stopped") return <Text size="sm" c="dimmed">Stopped at {formatBytes(state.received)} of {formatBytes(state.plan.size)}; what is there is kept.</Text>;
  if (state.phase !== "receiving") return null;
  const { bytesPerSecond, secondsLeft } = state.pace;
  const parts = [`${formatBytes(state.received)} of ${formatBytes(state.plan.size)}`, bytesPerSecond > 0 && `${formatBytes(bytesPerSecond)}/s`, secondsLeft !== null && `${formatSeconds(Math.max(1, secondsLeft))} left`];
  return <Text size="sm" c="dimmed">{parts.filter(Boolean).join(" · ")}</Text>;
}
