import { Button, Group, Skeleton, Text } from "@mantine/core";
import { IconArrowsMaximize, IconFileDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";

import { formatBytes } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";

import { type ResultFile, type ResultSource, wholeTextQuery } from "../api/source";

const LIMIT_BYTES = 32 * 1024 * 1024;
/** An empty page without an origin, which becomes what it is sent (decision 0017). */
const FRAME = "/api/v1/report-frame";

/** A report as its author made it: it may draw and compute, but reaches neither this page nor the network. */
export function ReportView({ source, file }: { source: ResultSource; file: ResultFile }) {
  const isPage = /\.(html?|svg)$/i.test(file.path);
  if (!isPage || file.size > LIMIT_BYTES) return <div className="surface"><EmptyState icon={<IconFileDownload size={34} stroke={1.4} />} title={`${file.path}, ${formatBytes(file.size)}`}>{isPage ? "Too large to be shown here." : "Not shown here."} Download it and open it with a program of yours.</EmptyState></div>;
  return <Report source={source} file={file} />;
}

function Report({ source, file }: { source: ResultSource; file: ResultFile }) {
  const { data, error, refetch } = useQuery(wholeTextQuery(source, file));
  const frame = useRef<HTMLIFrameElement>(null);
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton height={420} />;
  const report = /\.svg$/i.test(file.path) ? pictured(data, file.path) : data;
  return (
    <>
      <iframe ref={frame} title={file.path} src={FRAME} sandbox="allow-scripts" referrerPolicy="no-referrer" allow="" onLoad={(event) => event.currentTarget.contentWindow?.postMessage({ report }, "*")} style={{ display: "block", width: "100%", height: "70vh", minHeight: 320, border: "1px solid var(--line)", borderRadius: 6, background: "white", colorScheme: "light" }} />
      <Group gap="xs" mt={6} justify="space-between">
        <Text size="xs" c="dimmed">Written by the run’s program. It reaches neither your account nor the network; what it would load from elsewhere is missing.</Text>
        <Button size="compact-sm" variant="subtle" leftSection={<IconArrowsMaximize size={14} />} onClick={() => void frame.current?.requestFullscreen()}>Full screen</Button>
      </Group>
    </>
  );
}

/** SVG as a picture, whose scripts do not run. */
function pictured(svg: string, name: string): string {
  const alt = name.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><style>body{margin:0}img{width:100%;height:100vh;object-fit:contain}</style><img alt="${alt}" src="data:image/svg+xml,${encodeURIComponent(svg)}">`;
}
