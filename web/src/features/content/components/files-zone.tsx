import { ActionIcon, Button, Group, Progress, Text } from "@mantine/core";
import { IconAlertCircle, IconCircleCheck, IconFolder, IconUpload, IconX } from "@tabler/icons-react";
import { useId, useRef, useState } from "react";

import { formatBytes } from "@/lib/format";

import { filesOfDrop, filesOfInput, type PickedFile } from "../api/picked-files";
import type { UploadItem, UploadsHandle } from "../api/use-uploads";
import classes from "./drop-zone.module.css";

const SHOWN = 50;
const UNREAD = "Something in it could not be read, so nothing of it was taken. Check that you may read all of it, then drop it again.";

type Props = { label: string; hint: string; uploads: UploadsHandle; error?: string; optional?: boolean };

/** A place for many files: dropped, with folders and all in them, or chosen one by one or as a folder. They are sent at once, with honest progress. */
export function FilesZone({ label, hint, uploads, error, optional }: Props) {
  const [over, setOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const id = useId();
  const { items } = uploads;
  const [unread, setUnread] = useState(false);
  const complaint = error ?? (unread ? UNREAD : undefined);
  const take = (picked: PickedFile[]) => {
    setUnread(false);
    uploads.add(picked);
  };
  return (
    <div>
      <div
        className={classes.zone}
        data-over={over || undefined}
        data-bad={complaint !== undefined || undefined}
        onDragOver={(event) => { event.preventDefault(); setOver(true); }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => { event.preventDefault(); setOver(false); filesOfDrop(event.dataTransfer).then(take, () => setUnread(true)); }}
      >
        <div className={classes.head}>
          <label htmlFor={id} className={classes.label}>{label}{optional ? <span className="quiet"> optional</span> : <span className={classes.required}> required</span>}</label>
          <Button size="compact-sm" variant="default" leftSection={<IconFolder size={14} />} onClick={() => folder.current?.click()}>A folder</Button>
        </div>
        <input id={id} type="file" multiple className={classes.input} aria-describedby={`${id}-state`} aria-invalid={complaint !== undefined} onChange={(event) => { take(filesOfInput(event.currentTarget.files)); event.currentTarget.value = ""; }} />
        <div id={`${id}-state`} className={classes.state} role="status">
          <div className={classes.line}><span aria-hidden><IconUpload size={16} /></span><span className="quiet">{items.length ? standing(items) : hint}</span></div>
          {items.some(isUnderWay) && <Progress size={4} mt={6} value={share(items)} aria-label="Sending the files" />}
        </div>
        {complaint && <Text size="sm" c="var(--mantine-color-error)" role="alert">{complaint}</Text>}
      </div>
      <input ref={folder} type="file" hidden aria-hidden tabIndex={-1} {...{ webkitdirectory: "" }} onChange={(event) => { take(filesOfInput(event.currentTarget.files)); event.currentTarget.value = ""; }} />
      {items.length > 0 && (
        <ul className="rows" aria-label="Chosen files" style={{ marginTop: 8, maxHeight: 340, overflow: "auto" }}>
          {items.slice(0, SHOWN).map((item) => <Item key={item.path} item={item} onRemove={() => uploads.remove(item.path)} />)}
        </ul>
      )}
      {items.length > SHOWN && <Text size="sm" c="dimmed">and {items.length - SHOWN} more</Text>}
      {items.length > 1 && <Group mt={6}><Button size="compact-sm" variant="default" onClick={uploads.clear}>Remove all</Button></Group>}
    </div>
  );
}

function Item({ item: { path, size, sent, uploadId, problem }, onRemove }: { item: UploadItem; onRemove: () => void }) {
  return (
    <li className="row" style={{ padding: "4px 6px" }}>
      {problem ? <IconAlertCircle size={16} color="var(--bad)" aria-label="was not stored" /> : uploadId ? <IconCircleCheck size={16} color="var(--good)" aria-label="sent" /> : <IconUpload size={16} aria-label="on its way" />}
      <span className="grow" style={{ overflowWrap: "anywhere" }}>{path}{problem && <Text size="sm" c="var(--mantine-color-error)" role="alert">{[problem.detail, problem.remedy].filter(Boolean).join(" ")}</Text>}</span>
      <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>{uploadId || problem || !sent ? formatBytes(size) : `${formatBytes(sent)} of ${formatBytes(size)}`}</Text>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Remove ${path}`} onClick={onRemove}><IconX size={15} /></ActionIcon>
    </li>
  );
}

function isUnderWay({ uploadId, problem }: UploadItem): boolean {
  return uploadId === null && problem === null;
}

function standing(items: UploadItem[]): string {
  const total = items.reduce((sum, { size }) => sum + size, 0);
  const sent = items.reduce((sum, item) => sum + item.sent, 0);
  const files = items.length === 1 ? "1 file" : `${items.length} files`;
  return items.some(isUnderWay) ? `${files}, ${formatBytes(sent)} of ${formatBytes(total)} sent` : `${files}, ${formatBytes(total)}`;
}

function share(items: UploadItem[]): number {
  const total = items.reduce((sum, { size }) => sum + size, 0);
  return total ? (100 * items.reduce((sum, item) => sum + item.sent, 0)) / total : 0;
}
