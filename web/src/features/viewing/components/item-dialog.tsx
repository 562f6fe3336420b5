import { ActionIcon, CloseButton, Group, Modal, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconDownload } from "@tabler/icons-react";
import { useState } from "react";

import type { Address, DataItem } from "@/client/types";
import { formatBytes } from "@/lib/format";

import { itemUrl, type ItemFilter, pictureUrl } from "../api/items";
import classes from "./item-grid.module.css";
import { useItems } from "./use-items";

const SMALL = 128;

type Props = { address: Address; number: number; filter: ItemFilter; total: number; index: number; onMove: (index: number) => void; onClose: () => void };

/** One image as large as the window; arrows lead to its neighbours, Escape back. */
export function ItemDialog({ address, number, filter, total, index, onMove, onClose }: Props) {
  const { items } = useItems(address, number, filter, Math.max(0, index - 1), Math.min(total, index + 2));
  const item = items.get(index);
  const move = (step: number) => () => index + step >= 0 && index + step < total && onMove(index + step);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowLeft") move(-1)();
    if (event.key === "ArrowRight") move(1)();
  };
  return (
    <Modal opened onClose={onClose} fullScreen withCloseButton={false} transitionProps={{ duration: 0 }} onKeyDown={onKeyDown} returnFocus={false} attributes={{ content: { "aria-label": item?.path ?? "Image" } }}>
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Title order={2} size="h3" className="clip">{item?.path ?? "…"}</Title>
        <CloseButton aria-label="Close" data-autofocus onClick={onClose} />
      </Group>
      <div className={classes.large}>
        <ActionIcon variant="default" size="lg" aria-label="Previous image" disabled={index === 0} onClick={move(-1)}><IconChevronLeft size={18} /></ActionIcon>
        <div>{item && <Picture key={item.row} address={address} number={number} item={item} />}</div>
        <ActionIcon variant="default" size="lg" aria-label="Next image" disabled={index === total - 1} onClick={move(1)}><IconChevronRight size={18} /></ActionIcon>
      </div>
      <Group justify="center" gap="xs" mt={6}>
        <Text size="sm" c="dimmed" role="status">{(index + 1).toLocaleString("en")} of {total.toLocaleString("en")}{item && ` · ${factsOf(item)}`}</Text>
        {item && <ActionIcon component="a" variant="subtle" color="gray" href={itemUrl(address, number, item.row)} download={item.path.split("/").pop()} aria-label={`Download ${item.path}`}><IconDownload size={17} /></ActionIcon>}
      </Group>
    </Modal>
  );
}

function Picture({ address, number, item }: { address: Address; number: number; item: DataItem }) {
  const [failed, setFailed] = useState(false);
  if (failed) return <Text c="dimmed" m="auto" role="status">This image cannot be shown. Download it and look at it with a program of yours.</Text>;
  const isSmall = Math.max(item.width ?? SMALL, item.height ?? SMALL) < SMALL;
  return <img src={pictureUrl(address, number, item.row, 1600)} alt={item.path} data-small={isSmall || undefined} onError={() => setFailed(true)} />;
}

function factsOf({ label, split, width, height, size }: DataItem): string {
  return [label ?? "no label", split, width && height && `${width} × ${height}`, formatBytes(size)].filter(Boolean).join(" · ");
}
