import { Skeleton, Text } from "@mantine/core";
import { IconFileDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback } from "react";

import type { Address, FileEntry } from "@/client/types";
import { isImage, isMarkdown, isText, languageOf } from "@/lib/file-kind";
import { formatBytes } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";

import { blobQuery, rawUrl, textQuery } from "../api/repos";

const Prose = lazy(() => import("@/ui/prose"));
const NotebookView = lazy(() => import("./notebook-view"));
const Highlighted = lazy(() => import("@/ui/highlighted"));

type Props = { address: Address; revision: string | undefined; entry: FileEntry };

/** A file as what it is: text, Markdown, an image; anything else is a download. */
export function FileView({ address, revision, entry }: Props) {
  const { path, name } = entry;
  if (isImage(name, entry)) return <div className="body" style={{ padding: 16 }}>{entry.lfs ? <LargeImage address={address} revision={revision} entry={entry} /> : <img src={rawUrl(address, revision, path)} alt={name} style={{ maxWidth: "100%" }} />}</div>;
  if (!isText(name, entry))
    return (
      <EmptyState icon={<IconFileDownload size={34} stroke={1.4} />} title={typeof entry.size === "number" ? `${name}, ${formatBytes(entry.size)}` : name}>
        {entry.lfs ? "A large file, kept by Git LFS. Download it above." : "Not text, or too long to show here. Download it above."}
      </EmptyState>
    );
  return <TextView address={address} revision={revision} entry={entry} />;
}

/** Large files are sent as downloads, which browsers do not draw; so their bytes are fetched first. */
function LargeImage({ address, revision, entry }: Props) {
  const { data, error, refetch } = useQuery(blobQuery(address, revision, entry.path));
  const draw = useCallback(
    (image: HTMLImageElement) => {
      const url = data ? URL.createObjectURL(data) : "";
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [data],
  );
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  return data ? <img ref={draw} alt={entry.name} style={{ maxWidth: "100%" }} /> : <Skeleton height={220} />;
}

function TextView({ address, revision, entry }: Props) {
  const { data, error, refetch } = useQuery(textQuery(address, revision, entry.path));
  if (error) return <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>;
  if (data === undefined) return <div className="body"><Skeleton height={160} /></div>;
  if (!data) return <Text className="body" c="dimmed">This file is empty.</Text>;
  if (data.includes("\u0000")) return <EmptyState icon={<IconFileDownload size={34} stroke={1.4} />} title={entry.name}>Not text. Download it above.</EmptyState>;
  if (isMarkdown(entry.name)) return <div className="body"><Suspense><Prose text={data} /></Suspense></div>;
  if (entry.name.toLowerCase().endsWith(".ipynb")) return <Suspense fallback={<Skeleton height={160} />}><NotebookView name={entry.name} text={data} /></Suspense>;
  const plain = <CodeBlock label={entry.name} text={data} numbered flush />;
  return <Suspense fallback={plain}><Highlighted label={entry.name} text={data} language={languageOf(entry.name)} /></Suspense>;
}
