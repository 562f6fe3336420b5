import { Text } from "@mantine/core";
import { useState } from "react";

import type { ResultFile, ResultSource } from "../api/source";

/** A picture as large as there is room, drawn anew by the server; what cannot be drawn is said. */
export function Picture({ source, file }: { source: ResultSource; file: ResultFile }) {
  const [failed, setFailed] = useState(false);
  if (failed) return <Text c="dimmed" p="md" role="status">This picture cannot be shown. Download it and look at it with a program of yours.</Text>;
  return <img src={source.previewUrl(file.path, "1600")} alt={file.path} style={{ display: "block", maxWidth: "100%", maxHeight: "100%", margin: "auto", objectFit: "contain" }} onError={() => setFailed(true)} />;
}
