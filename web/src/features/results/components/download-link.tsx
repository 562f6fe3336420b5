import { ActionIcon } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";

import type { ResultFile, ResultSource } from "../api/source";

/** The file itself, as the run left it. */
export function DownloadLink({ source, file: { path } }: { source: ResultSource; file: ResultFile }) {
  return (
    <ActionIcon component="a" href={source.fileUrl(path)} download={path.split("/").pop()} variant="subtle" color="gray" aria-label={`Download ${path}`}>
      <IconDownload size={17} />
    </ActionIcon>
  );
}
