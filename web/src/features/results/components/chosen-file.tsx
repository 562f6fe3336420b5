import { Group, Select } from "@mantine/core";
import { useState } from "react";

import type { ResultFile, ResultSource } from "../api/source";
import { DownloadLink } from "./download-link";
import { FileView } from "./file-view";

/** One of several files, chosen by its path. */
export function ChosenFile({ source, files, label }: { source: ResultSource; files: ResultFile[]; label: string }) {
  const [path, setPath] = useState<string | null>(null);
  const file = files.find((one) => one.path === path) ?? files[0];
  if (!file) return null;
  return (
    <>
      <Group gap="xs" mb="sm" wrap="nowrap">
        {files.length > 1 ? <Select flex={1} maw={520} aria-label={label} searchable allowDeselect={false} limit={200} data={files.map((one) => one.path)} value={file.path} onChange={setPath} /> : <span style={{ fontWeight: 600, overflowWrap: "anywhere" }}>{file.path}</span>}
        <DownloadLink source={source} file={file} />
      </Group>
      <FileView key={file.path} source={source} file={file} />
    </>
  );
}
