import { SegmentedControl, Skeleton, Stack, Tabs, Text } from "@mantine/core";
import { IconFileText, IconFiles, IconPhoto, IconTable } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import type { Output } from "@/client/types";
import { formatBytes } from "@/lib/format";
import { DownloadButton } from "@/ui/download-button";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { outputsQuery, runArchiveUrl, runSource } from "../api/run-results";
import { ChosenFile } from "./chosen-file";
import { FileList } from "./file-list";
import { PictureGrid } from "./picture-grid";

/** So many files are asked for without being told to. */
const LISTED = 5000;

/** What is told elsewhere on the page stands only among the files. */
const TOLD = new Set(["metrics.jsonl", "result.json"]);

const KINDS = [
  { view: "image", title: "Pictures", icon: IconPhoto },
  { view: "table", title: "Tables", icon: IconTable },
  { view: "report", title: "Reports", icon: IconFileText },
] as const;

/** What a run left, each as what it is, and all of it as one download. */
export function ResultsView({ runId }: { runId: string }) {
  const { query, files } = useOutputs(runId);
  const source = useMemo(() => runSource(runId), [runId]);
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton height={260} />;
  if (!files.length) return <div className="surface"><EmptyState icon={<IconFiles size={34} stroke={1.4} />} title="It left no files">What a run writes to /out is shown here. Its log says what it did.</EmptyState></div>;
  const kinds = KINDS.map((kind) => ({ ...kind, found: files.filter(({ path, view }) => view === kind.view && !TOLD.has(path)) })).filter(({ found }) => found.length);
  return (
    <Stack gap="md">
      <Tabs defaultValue={kinds[0]?.view ?? "files"} keepMounted={false}>
        <Tabs.List aria-label="Results">
          {kinds.map(({ view, title, icon: Icon, found }) => <Tabs.Tab key={view} value={view} leftSection={<Icon size={16} />}>{title} <Count of={found.length} /></Tabs.Tab>)}
          <Tabs.Tab value="files" leftSection={<IconFiles size={16} />}>Files <Count of={files.length} more={query.hasNextPage} /></Tabs.Tab>
        </Tabs.List>
        {kinds.map(({ view, title, found }) => (
          <Tabs.Panel key={view} value={view} pt="md">{view === "image" ? <PictureGrid source={source} files={found} /> : <ChosenFile source={source} files={found} label={title} />}</Tabs.Panel>
        ))}
        <Tabs.Panel value="files" pt="md"><FileList source={source} files={files} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} /></Tabs.Panel>
      </Tabs>
      <Everything runId={runId} files={files} isAll={!query.hasNextPage} />
    </Stack>
  );
}

/** The files so far; the others follow by themselves until there are very many. */
function useOutputs(runId: string) {
  const query = useInfiniteQuery(outputsQuery(runId));
  const files = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  const goesOn = hasNextPage && !isFetching && !isError && files.length < LISTED;
  useEffect(() => {
    if (goesOn) void fetchNextPage();
  }, [goesOn, fetchNextPage]);
  return { query, files };
}

function Everything({ runId, files, isAll }: { runId: string; files: Output[]; isAll: boolean }) {
  const [format, setFormat] = useState<"zip" | "tar">("zip");
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const url = runArchiveUrl(runId, format);
  return (
    <Section title="Download" aside={<SegmentedControl size="xs" aria-label="Format" value={format} onChange={setFormat} data={["zip", "tar"]} />}>
      {isAll && <Text size="sm" c="dimmed" mb="xs">{files.length === 1 ? "1 file" : `${files.length.toLocaleString("en")} files`}, {formatBytes(size)}</Text>}
      <DownloadButton key={url} url={url} label="Download all" variant="default" />
    </Section>
  );
}

function Count({ of, more }: { of: number; more?: boolean }) {
  return <Text span size="sm" c="dimmed">{of.toLocaleString("en")}{more ? "+" : ""}</Text>;
}
