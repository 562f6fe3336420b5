import { Text } from "@mantine/core";
import { lazy, Suspense } from "react";

import { languageOf } from "@/lib/file-kind";
import { type Cell, type Output, readNotebook } from "@/lib/notebook";
import { CodeBlock } from "@/ui/code-block";
import Highlighted from "@/ui/highlighted";

const Prose = lazy(() => import("@/ui/prose"));

/** A notebook as it was saved: nothing in it runs here. Loaded when it is looked at. */
export default function NotebookView({ name, text }: { name: string; text: string }) {
  const notebook = readNotebook(text);
  if (!notebook) return <Highlighted label={name} text={text} language={languageOf(name)} />;
  const language = notebook.language.toLowerCase();
  return (
    <div className="body">
      {notebook.cells.map((cell, index) => <CellView key={index} cell={cell} number={index + 1} language={language} />)}
      {!notebook.cells.length && <Text c="dimmed">This notebook is empty.</Text>}
    </div>
  );
}

function CellView({ cell, number, language }: { cell: Cell; number: number; language: string }) {
  if (cell.kind === "markdown") return <Suspense><Prose text={cell.source} /></Suspense>;
  return (
    <div style={{ marginBlock: 12 }}>
      {cell.kind === "code" ? <Highlighted label={`Code of cell ${number}`} text={cell.source} language={language} /> : <CodeBlock label={`Cell ${number}`} text={cell.source} />}
      {cell.outputs.map((output, index) => <OutputView key={index} output={output} label={`Output of cell ${number}`} />)}
    </div>
  );
}

function OutputView({ output, label }: { output: Output; label: string }) {
  if (output.kind === "image") return <img src={output.url} alt={label} style={{ maxWidth: "100%" }} />;
  return <CodeBlock label={output.kind === "error" ? `Error, ${label.toLowerCase()}` : label} text={output.text} />;
}
