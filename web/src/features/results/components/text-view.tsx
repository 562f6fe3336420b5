import { Button, Group, Skeleton, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { languageOf } from "@/lib/file-kind";
import { formatBytes } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { ProblemAlert } from "@/ui/problem-alert";

import { type ResultFile, type ResultSource, TEXT_PART, textEndQuery, textQuery } from "../api/source";

const Highlighted = lazy(() => import("@/ui/highlighted"));
const Prose = lazy(() => import("@/ui/prose"));

type Props = { source: ResultSource; file: ResultFile };

/** A text from its beginning, or its end; long ones part by part. */
export function TextView({ source, file }: Props) {
  const [atEnd, setAtEnd] = useState(false);
  const isLong = file.size > TEXT_PART;
  return (
    <section className="surface" aria-label={file.path}>
      {isLong && (
        <Group gap="xs" className="body">
          <Text size="sm" c="dimmed">{atEnd ? "The end" : "The beginning"} of {formatBytes(file.size)}</Text>
          <Button size="compact-sm" variant="subtle" onClick={() => setAtEnd(!atEnd)}>Show the {atEnd ? "beginning" : "end"}</Button>
        </Group>
      )}
      {atEnd ? <End source={source} file={file} /> : <Beginning source={source} file={file} />}
    </section>
  );
}

function Beginning({ source, file }: Props) {
  const query = useInfiniteQuery(textQuery(source, file));
  if (query.error) return <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>;
  if (!query.data) return <div className="body"><Skeleton height={160} /></div>;
  return (
    <>
      <Shown path={file.path} text={query.data.pages.map(({ text }) => text).join("")} />
      {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </>
  );
}

function End({ source, file }: Props) {
  const { data, error, refetch } = useQuery(textEndQuery(source, file));
  if (error) return <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>;
  return data ? <Shown path={file.path} text={data.text} /> : <div className="body"><Skeleton height={160} /></div>;
}

/** A text in the colours of its language; Markdown as prose. */
export function Shown({ path, text }: { path: string; text: string }) {
  if (!text) return <Text className="body" c="dimmed">This file is empty.</Text>;
  if (text.includes("\u0000")) return <Text className="body" c="dimmed">This is no text. Download it instead.</Text>;
  if (/\.(md|markdown)$/i.test(path)) return <div className="body"><Suspense><Prose text={text} /></Suspense></div>;
  const plain = <CodeBlock label={path} text={text} numbered flush />;
  return <Suspense fallback={plain}><Highlighted label={path} text={text} language={languageOf(path)} /></Suspense>;
}
