import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconDownload, IconFile, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, DatasetFile } from "@/client/types";
import { isImage } from "@/lib/file-kind";
import { formatBytes, shortDigest } from "@/lib/format";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { datasetFilesQuery, datasetFileUrl } from "../api/dataset";
import { WholeDownload } from "../components/whole-download";

const PREVIEW_BYTES = 2_000_000;

type Props = {
  address: Address;
  /** Those that are ready, newest first; at least one. */
  versions: number[];
  /** What its owner may do with a version. */
  manage: (number: number) => React.ReactNode;
};

/** The files of a version: found by their paths, downloaded one by one or all together. */
export function DataPage({ address, versions, manage }: Props) {
  usePageTitle(`Data · ${address.owner}/${address.name}`);
  const [chosen, setChosen] = useState<number | null>(null);
  const [text, setText] = useState("");
  const number = versions.find((one) => one === chosen) ?? versions[0];
  if (number === undefined) return null;
  return (
    <div className="aside" data-lead>
      <div>
        <Group gap="sm" mb="sm">
          <Select w={90} size="sm" aria-label="Version" data={versions.map((one) => ({ value: String(one), label: `v${one}` }))} value={String(number)} allowDeselect={false} onChange={(value) => setChosen(Number(value))} />
          <TextInput flex={1} leftSection={<IconSearch size={16} />} placeholder="Part of a path, such as train/ or .png" aria-label="Find files" value={text} onChange={(event) => setText(event.currentTarget.value)} />
        </Group>
        <Files key={number} address={address} number={number} text={text} />
      </div>
      <Stack gap="md">
        <WholeDownload key={number} address={address} number={number} />
        {manage(number)}
      </Stack>
    </div>
  );
}

function Files({ address, number, text }: { address: Address; number: number; text: string }) {
  const [settled] = useDebouncedValue(text.trim(), 150);
  const query = useInfiniteQuery({ ...datasetFilesQuery(address, number, settled), placeholderData: keepPreviousData });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="surface" aria-label="Files" aria-busy={query.isFetching}>
      {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
      {query.isPending && <SkeletonRows count={5} />}
      {query.data && !found.length && <Text c="dimmed" p="md">{settled ? `No path has “${settled}” in it.` : "This version holds no files."}</Text>}
      <ul className="rows">{found.map((file) => <FileRow key={file.path} file={file} url={datasetFileUrl(address, number, file.path)} />)}</ul>
      {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </section>
  );
}

function FileRow({ file: { path, size, digest }, url }: { file: DatasetFile; url: string }) {
  const shown = isImage(path, { size }) && size <= PREVIEW_BYTES;
  return (
    <li className="row" style={{ paddingBlock: 7 }}>
      <span style={{ flex: "none", width: 34, height: 34, display: "grid", placeItems: "center", overflow: "hidden", borderRadius: 5 }}>
        {shown ? <img src={url} alt="" loading="lazy" width={34} height={34} style={{ objectFit: "cover", imageRendering: size < 2000 ? "pixelated" : undefined }} /> : <IconFile size={18} stroke={1.5} aria-hidden />}
      </span>
      <span className="grow" style={{ overflowWrap: "anywhere" }}>{path}</span>
      <Text size="sm" c="dimmed" className="mono wide-only" title={digest}>{shortDigest(digest)}</Text>
      <Text size="sm" c="dimmed" miw={64} ta="right" style={{ whiteSpace: "nowrap" }}>{formatBytes(size)}</Text>
      <ActionIcon component="a" href={url} download={path.split("/").pop()} variant="subtle" color="gray" aria-label={`Download ${path}`}><IconDownload size={17} /></ActionIcon>
    </li>
  );
}
