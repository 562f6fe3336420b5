import { ActionIcon, CloseButton, Group, Modal, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";

import type { ResultFile, ResultSource } from "../api/source";
import { DownloadLink } from "./download-link";
import { Picture } from "./picture";
import classes from "./picture-grid.module.css";

type Props = {
  source: ResultSource;
  files: ResultFile[];
  /** Which one is enlarged; null for none. */
  index: number | null;
  onMove: (index: number) => void;
  onClose: () => void;
};

/** One picture as large as the window; arrows lead to its neighbours, Escape back. */
export function PictureDialog({ source, files, index, onMove, onClose }: Props) {
  const file = index === null ? undefined : files[index];
  if (index === null || !file) return null;
  const move = (step: number) => () => files[index + step] && onMove(index + step);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowLeft") move(-1)();
    if (event.key === "ArrowRight") move(1)();
  };
  return (
    <Modal opened onClose={onClose} fullScreen withCloseButton={false} transitionProps={{ duration: 0 }} onKeyDown={onKeyDown} returnFocus={false} attributes={{ content: { "aria-label": file.path } }}>
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Title order={2} size="h3" className="clip">{file.path}</Title>
        <CloseButton aria-label="Close" data-autofocus onClick={onClose} />
      </Group>
      <div className={classes.large}>
        <ActionIcon variant="default" size="lg" aria-label="Previous picture" disabled={index === 0} onClick={move(-1)}><IconChevronLeft size={18} /></ActionIcon>
        <div><Picture key={file.path} source={source} file={file} /></div>
        <ActionIcon variant="default" size="lg" aria-label="Next picture" disabled={index === files.length - 1} onClick={move(1)}><IconChevronRight size={18} /></ActionIcon>
      </div>
      <Group justify="center" gap="xs">
        <Text size="sm" c="dimmed" role="status">{index + 1} of {files.length.toLocaleString("en")}</Text>
        <DownloadLink source={source} file={file} />
      </Group>
    </Modal>
  );
}
