import { SegmentedControl, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, Archive } from "@/client/types";
import { formatBytes } from "@/lib/format";
import { DownloadButton } from "@/ui/download-button";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { contentsQuery } from "../api/dataset";

/** The whole version as one zip or tar. */
export function WholeDownload({ address, number }: { address: Address; number: number }) {
  const { data, error, refetch } = useQuery(contentsQuery(address, number));
  const [format, setFormat] = useState<Archive["format"]>("zip");
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  const archive = data?.archives.find((one) => one.format === format);
  return (
    <Section title="Download" aside={<SegmentedControl size="xs" aria-label="Format" value={format} onChange={setFormat} data={[{ value: "zip", label: "zip" }, { value: "tar", label: "tar" }]} />}>
      {data && archive ? (
        <>
          <Text size="sm" c="dimmed" mb="xs">{data.files === 1 ? "1 file" : `${data.files.toLocaleString("en")} files`}, {formatBytes(data.size)}</Text>
          <DownloadButton key={archive.url} url={archive.url} label={`Download v${number} (${formatBytes(archive.size)})`} />
        </>
      ) : (
        <Skeleton height={84} />
      )}
    </Section>
  );
}
