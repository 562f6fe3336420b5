import { Button, Collapse, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconFile, IconFileText, IconPhoto, IconSearch, IconTable } from "@tabler/icons-react";
import { useState } from "react";

import { formatBytes, shortDigest } from "@/lib/format";

import type { ResultFile, ResultSource } from "../api/source";
import { DownloadLink } from "./download-link";
import { FileView } from "./file-view";

const ICONS: Record<string, typeof IconFile> = { image: IconPhoto, table: IconTable, report: IconFileText, text: IconFileText, json: IconFileText };
const SHOWN = 200;

type Props = { source: ResultSource; files: ResultFile[]; onMore?: () => void };

/** Every file by its path; each opens in its place. */
export function FileList({ source, files, onMore }: Props) {
  const [text, setText] = useState("");
  const [limit, setLimit] = useState(SHOWN);
  const found = files.filter(({ path }) => path.toLowerCase().includes(text.trim().toLowerCase()));
  const more = found.length > limit ? () => setLimit(limit + SHOWN) : onMore;
  return (
    <section className="surface" aria-label="Files">
      {files.length > 10 && <div className="body"><TextInput leftSection={<IconSearch size={16} />} placeholder="Part of a path" aria-label="Find files" value={text} onChange={(event) => setText(event.currentTarget.value)} /></div>}
      {!found.length && <Text c="dimmed" p="md">No path has “{text}” in it.</Text>}
      <ul className="rows">{found.slice(0, limit).map((file) => <FileRow key={file.path} source={source} file={file} />)}</ul>
      {more && <div className="body"><Button size="xs" variant="default" onClick={more}>Show more</Button></div>}
    </section>
  );
}

function FileRow({ source, file }: { source: ResultSource; file: ResultFile }) {
  const [open, setOpen] = useState(false);
  const Icon = ICONS[file.view] ?? IconFile;
  const name = (
    <>
      <Icon size={18} stroke={1.5} aria-hidden style={{ flex: "none" }} />
      <span style={{ overflowWrap: "anywhere" }}>{file.path}</span>
    </>
  );
  return (
    <li>
      <div className="row" style={{ paddingBlock: 7 }}>
        {ICONS[file.view] ? (
          <UnstyledButton className="grow" style={{ display: "flex", gap: 8, alignItems: "center", font: "inherit" }} aria-expanded={open} onClick={() => setOpen(!open)}>
            <IconChevronRight size={14} aria-hidden style={{ flex: "none", transform: open ? "rotate(90deg)" : undefined }} />
            {name}
          </UnstyledButton>
        ) : (
          <span className="grow" style={{ display: "flex", gap: 8, alignItems: "center", paddingLeft: 22 }}>{name}</span>
        )}
        <Text size="sm" c="dimmed" className="mono wide-only" title={file.digest}>{shortDigest(file.digest)}</Text>
        <Text size="sm" c="dimmed" miw={64} ta="right" style={{ whiteSpace: "nowrap" }}>{formatBytes(file.size)}</Text>
        <DownloadLink source={source} file={file} />
      </div>
      <Collapse expanded={open}>{open && <div style={{ padding: "0 12px 12px" }}><FileView source={source} file={file} /></div>}</Collapse>
    </li>
  );
}
