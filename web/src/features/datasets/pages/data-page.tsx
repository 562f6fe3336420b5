import { ActionIcon, Anchor, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowLeft, IconDownload, IconFile, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, DatasetFile } from "@/client/types";
import { isImage } from "@/lib/file-kind";
import { formatBytes, shortDigest } from "@/lib/format";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { datasetFileQuery, datasetFilesQuery, datasetFileUrl } from "../api/dataset";
import { WholeDownload } from "../components/whole-download";

const PREVIEW_BYTES = 2_000_000;

type Props = {
  address: Address;
  /** Those that are ready, newest first; at least one. */
  versions: number[];
  number: number;
  onVersion: (number: number) => void;
  /** What its owner may do with the version. */
  aside: React.ReactNode;
  /** The file that is looked into, by its path. */
  opened: string | undefined;
  onOpen: (path: string | undefined) => void;
  isShown: (file: DatasetFile) => boolean;
  show: (file: DatasetFile) => React.ReactNode;
};

/** The files of a version: found by their paths, looked into, downloaded one by one or all together. */
export function DataPage({ address, versions, number, onVersion, aside, ...looking }: Props) {
  usePageTitle(`Data · ${address.owner}/${address.name}`);
  const [text, setText] = useState("");
  return (
    <div className="aside" data-lead>
      <div>
        <Group gap="sm" mb="sm">
          <Select w={90} size="sm" aria-label="Version" data={versions.map((one) => ({ value: String(one), label: `v${one}` }))} value={String(number)} allowDeselect={false} onChange={(value) => onVersion(Number(value))} />
          <TextInput flex={1} leftSection={<IconSearch size={16} />} placeholder="Part of a path, such as train/ or .png" aria-label="Find files" value={text} onChange={(event) => setText(event.currentTarget.value)} />
        </Group>
        <Files address={address} number={number} text={text} {...looking} />
      </div>
      <Stack gap="md">
        <WholeDownload address={address} number={number} />
        {aside}
      </Stack>
    </div>
  );
}

type Looking = Pick<Props, "opened" | "onOpen" | "isShown" | "show">;

function Files({ address, number, text, opened, onOpen, isShown, show }: Looking & { address: Address; number: number; text: string }) {
  const [settled] = useDebouncedValue(text.trim(), 150);
  const query = useInfiniteQuery({ ...datasetFilesQuery(address, number, settled), placeholderData: keepPreviousData });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const looked = useQuery({ ...datasetFileQuery(address, number, opened ?? ""), enabled: opened !== undefined }).data;
  if (opened !== undefined && looked)
    return (
      <>
        <Group mb="sm" justify="space-between" wrap="nowrap">
          <Text fw={600} style={{ overflowWrap: "anywhere" }}>{looked.path}</Text>
          <Button size="xs" variant="default" leftSection={<IconArrowLeft size={15} />} onClick={() => onOpen(undefined)}>All files</Button>
        </Group>
        {show(looked)}
      </>
    );
  return (
    <section className="surface" aria-label="Files" aria-busy={query.isFetching}>
      {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
      {query.isPending && <SkeletonRows count={5} />}
      {query.data && !found.length && <Text c="dimmed" p="md">{settled ? `No path has “${settled}” in it.` : "This version holds no files."}</Text>}
      <ul className="rows">{found.map((file) => <FileRow key={file.path} file={file} url={datasetFileUrl(address, number, file.path)} onOpen={isShown(file) ? () => onOpen(file.path) : undefined} />)}</ul>
      {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </section>
  );
}

function FileRow({ file: { path, size, digest }, url, onOpen }: { file: DatasetFile; url: string; onOpen: (() => void) | undefined }) {
  const shown = isImage(path, { size }) && size <= PREVIEW_BYTES;
  return (
    <li className="row" style={{ paddingBlock: 7 }}>
      <span style={{ flex: "none", width: 34, height: 34, display: "grid", placeItems: "center", overflow: "hidden", borderRadius: 5 }}>
        {shown ? <img src={url} alt="" loading="lazy" width={34} height={34} style={{ objectFit: "cover", imageRendering: size < 2000 ? "pixelated" : undefined }} /> : <IconFile size={18} stroke={1.5} aria-hidden />}
      </span>
      <span className="grow" style={{ overflowWrap: "anywhere" }}>{onOpen ? <Anchor underline="hover" component="button" type="button" c="inherit" ta="left" onClick={onOpen}>{path}</Anchor> : path}</span>
      <Text size="sm" c="dimmed" className="mono wide-only" title={digest}>{shortDigest(digest)}</Text>
      <Text size="sm" c="dimmed" miw={64} ta="right" style={{ whiteSpace: "nowrap" }}>{formatBytes(size)}</Text>
      <ActionIcon component="a" href={url} download={path.split("/").pop()} variant="subtle" color="gray" aria-label={`Download ${path}`}><IconDownload size={17} /></ActionIcon>
    </li>
  );
}
