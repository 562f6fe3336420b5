import { Skeleton, Text } from "@mantine/core";
import { IconFileDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import type { Address, FileEntry } from "@/client/types";
import { formatBytes } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { ProblemAlert } from "@/ui/problem-alert";

import { rawUrl, textQuery } from "../api/repos";

const Prose = lazy(() => import("@/ui/prose"));

const TEXT_LIMIT_BYTES = 512 * 1024;
const IMAGES = /\.(png|jpe?g|gif|webp)$/i;
const BINARY = /\.(pkl|pickle|joblib|onnx|pt|pth|bin|npy|npz|zip|gz|tar|parquet|h5|safetensors|ico|pdf|woff2?)$/i;

type Props = { address: Address; revision: string | undefined; entry: FileEntry };

/** A file as what it is: text, Markdown, an image; anything else is a download. */
export function FileView({ address, revision, entry }: Props) {
  const { path, name } = entry;
  if (IMAGES.test(name) && !entry.lfs) return <div className="body"><img src={rawUrl(address, revision, path)} alt={name} style={{ maxWidth: "100%" }} /></div>;
  if (entry.lfs || BINARY.test(name) || (entry.size ?? 0) > TEXT_LIMIT_BYTES)
    return (
      <EmptyState icon={<IconFileDownload size={34} stroke={1.4} />} title={typeof entry.size === "number" ? `${name}, ${formatBytes(entry.size)}` : name}>
        Not text, or too long to show here. Download it above.
      </EmptyState>
    );
  return <TextView address={address} revision={revision} entry={entry} />;
}

function TextView({ address, revision, entry }: Props) {
  const { data, error, refetch } = useQuery(textQuery(address, revision, entry.path));
  if (error) return <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>;
  if (data === undefined) return <div className="body"><Skeleton height={160} /></div>;
  if (/\.(md|markdown)$/i.test(entry.name)) return <div className="body"><Suspense><Prose text={data} /></Suspense></div>;
  if (!data) return <Text className="body" c="dimmed">This file is empty.</Text>;
  return <CodeBlock label={entry.name} text={data} flush />;
}
