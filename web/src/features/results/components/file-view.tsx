import { IconFileDownload } from "@tabler/icons-react";

import { formatBytes } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";

import type { ResultFile, ResultSource } from "../api/source";
import { JsonView } from "./json-view";
import { Picture } from "./picture";
import { ReportView } from "./report-view";
import { TableView } from "./table/table-view";
import { TextView } from "./text-view";

/** A file as what it is; anything else is a download. */
export function FileView({ source, file }: { source: ResultSource; file: ResultFile }) {
  switch (file.view) {
    case "image":
      return <Picture source={source} file={file} />;
    case "table":
      return <TableView source={source} path={file.path} />;
    case "report":
      return <ReportView source={source} file={file} />;
    case "json":
      return <JsonView source={source} file={file} />;
    case "text":
      return <TextView source={source} file={file} />;
    default:
      return <div className="surface"><EmptyState icon={<IconFileDownload size={34} stroke={1.4} />} title={`${file.path}, ${formatBytes(file.size)}`}>Not something that can be shown here. Download it instead.</EmptyState></div>;
  }
}
