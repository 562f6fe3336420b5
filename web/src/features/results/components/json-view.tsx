import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ProblemAlert } from "@/ui/problem-alert";

import { type ResultFile, type ResultSource, wholeTextQuery } from "../api/source";
import { Shown, TextView } from "./text-view";

const PRETTY_BYTES = 1024 * 1024;

/** JSON with its structure to be seen; a large one as the text that it is. */
export function JsonView(props: { source: ResultSource; file: ResultFile }) {
  return props.file.size > PRETTY_BYTES ? <TextView {...props} /> : <Pretty {...props} />;
}

function Pretty({ source, file }: { source: ResultSource; file: ResultFile }) {
  const { data, error, refetch } = useQuery(wholeTextQuery(source, file));
  if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
  return <section className="surface" aria-label={file.path}>{data === undefined ? <div className="body"><Skeleton height={160} /></div> : <Shown path={file.path} text={pretty(data)} />}</section>;
}

/** The text anew with indents; as it was where it is no JSON, or where numbers would lose digits. */
function pretty(text: string): string {
  try {
    return /\d{16}/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
