import { ActionIcon, Progress, Text, Tooltip } from "@mantine/core";
import { IconAlertCircle, IconCircleCheck, IconRotate, IconUpload, IconX } from "@tabler/icons-react";
import { useId, useRef, useState } from "react";

import { formatBytes, formatSeconds } from "@/lib/format";

import type { UploadHandle, UploadState } from "../api/use-upload";
import classes from "./drop-zone.module.css";

type Props = {
  label: string;
  hint: string;
  accept: string;
  required?: boolean;
  upload: UploadHandle;
  /** What the server said of this part after it was sent. */
  error?: string;
};

/** A place for one file: drop it or choose it. It is sent at once, with honest progress. */
export function DropZone({ label, hint, accept, required, upload, error }: Props) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const { state } = upload;
  const problem = error ?? (state.phase === "failed" ? [state.problem.detail, state.problem.remedy].filter(Boolean).join(" ") : undefined);
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file) upload.choose(file);
  };
  return (
    <div
      className={classes.zone}
      data-over={over || undefined}
      data-bad={problem !== undefined || undefined}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => { event.preventDefault(); setOver(false); take(event.dataTransfer.files); }}
    >
      <div className={classes.head}>
        <label htmlFor={id} className={classes.label}>
          {label}
          {required ? <span className={classes.required}> required</span> : <span className="quiet"> optional</span>}
        </label>
        {state.phase !== "empty" && (
          <Tooltip label={`Remove ${label.toLowerCase()}`}>
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Remove ${label.toLowerCase()}`} onClick={upload.clear}>
              <IconX size={15} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      <input
        ref={input}
        id={id}
        type="file"
        accept={accept}
        className={classes.input}
        aria-describedby={`${id}-state`}
        aria-invalid={problem !== undefined}
        onChange={(event) => { take(event.currentTarget.files); event.currentTarget.value = ""; }}
      />
      <div id={`${id}-state`} className={classes.state} role="status">
        <Progressing state={state} hint={hint} />
      </div>
      {problem && <Text size="sm" c="var(--mantine-color-error)" role="alert">{problem}</Text>}
    </div>
  );
}

function Progressing({ state, hint }: { state: UploadState; hint: string }) {
  if (state.phase === "empty") return <Line icon={<IconUpload size={16} />} text={hint} />;
  const size = formatBytes(state.size);
  if (state.phase === "done") return <Line icon={<IconCircleCheck size={16} color="var(--good)" />} strong={state.fileName} text={size} />;
  if (state.phase === "failed") return <Line icon={<IconAlertCircle size={16} color="var(--bad)" />} strong={state.fileName} text="was not stored" />;
  const share = state.size ? (100 * state.sent) / state.size : 0;
  if (state.phase === "interrupted")
    return <Line icon={<IconRotate size={16} />} strong={state.fileName} text={`Choose it again to go on from ${Math.floor(share)} %`} />;
  const { bytesPerSecond, secondsLeft } = state.pace;
  const pace = bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : "";
  const left = secondsLeft === null ? "" : `${formatSeconds(Math.max(1, secondsLeft))} left`;
  return (
    <>
      <Line icon={<IconUpload size={16} />} strong={state.fileName} text={[`${formatBytes(state.sent)} of ${size}`, pace, left].filter(Boolean).join(" · ")} />
      <Progress value={share} size={4} mt={6} aria-label={`Uploading ${state.fileName}`} />
    </>
  );
}

function Line({ icon, strong, text }: { icon: React.ReactNode; strong?: string; text: string }) {
  return (
    <div className={classes.line}>
      <span aria-hidden>{icon}</span>
      <span className="clip">
        {strong && <b>{strong} </b>}
        <span className="quiet">{text}</span>
      </span>
    </div>
  );
}
