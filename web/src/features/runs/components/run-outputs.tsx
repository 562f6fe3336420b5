import { Anchor, Button, Text } from "@mantine/core";
import { IconFile, IconFileText, IconPhoto, IconTable } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";

import type { Run } from "@/client/types";
import { formatBytes } from "@/lib/format";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { isUnderWay, outputsQuery, outputUrl } from "../api/runs";

const ICONS: Record<string, typeof IconFile> = { image: IconPhoto, table: IconTable, text: IconFileText, json: IconFileText, report: IconFileText };

/** The files that a run left, each to be downloaded. */
export function RunOutputs({ run }: { run: Run }) {
  const query = useInfiniteQuery(outputsQuery(run.id));
  const files = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Outputs" flush>
      {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
      {query.isPending && <SkeletonRows count={2} />}
      {query.data && !files.length && <div className="body"><Text size="sm" c="dimmed">{isUnderWay(run) ? "What it leaves in /out stands here at its end." : "It left no files."}</Text></div>}
      <ul className="rows" aria-label="Files that the run left">
        {files.map(({ path, size, view }) => {
          const Icon = ICONS[view] ?? IconFile;
          return (
            <li key={path} className="row" style={{ padding: "8px 16px" }}>
              <Icon size={17} stroke={1.6} aria-hidden />
              <Anchor href={outputUrl(run.id, path)} download={path.split("/").pop()} className="grow" style={{ overflowWrap: "anywhere" }}>{path}</Anchor>
              <Text size="sm" c="dimmed">{formatBytes(size)}</Text>
            </li>
          );
        })}
      </ul>
      {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </Section>
  );
}
