import { Skeleton, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useId, useState } from "react";

import type { Address, Comparison, FileChange } from "@/client/types";
import { isText } from "@/lib/file-kind";
import { formatBytes } from "@/lib/format";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { Chip, StateBadge } from "@/ui/state-badge";

import { comparisonQuery } from "../api/repos";

const TextDiff = lazy(() => import("./text-diff"));

type Props = { address: Address; base: string; head: string };

/** The files that differ between two revisions; a text opens to show its lines. */
export function ChangedFiles({ address, base, head }: Props) {
  const { data, error, refetch } = useQuery(comparisonQuery(address, base, head));
  return <FileChanges address={address} data={data} error={error} onRetry={() => void refetch()} />;
}

/** The same of a comparison that is known, or on its way. */
export function FileChanges({ address, data, error, onRetry }: { address: Address; data: Comparison | undefined; error: unknown; onRetry: () => void }) {
  const few = (data?.files.length ?? 0) <= 5;
  return (
    <Section title="Files" flush aside={data && <Text size="sm" c="dimmed">{data.total === 1 ? "1 file differs" : `${data.total} files differ`}</Text>}>
      {Boolean(error) && <div className="body"><ProblemAlert error={error} onRetry={onRetry} /></div>}
      {!data && !error && <SkeletonRows count={3} />}
      {data && !data.files.length && <Text className="body" size="sm" c="dimmed" p="md">The files are the same.</Text>}
      <ul className="rows">{data?.files.map((change) => <Change key={change.path} address={address} base={data.base} head={data.head} change={change} opened={few} />)}</ul>
      {data && data.total > data.files.length && <Text size="sm" c="dimmed" p="md">Only the first {data.files.length} are shown.</Text>}
    </Section>
  );
}

function Change({ address, base, head, change, opened }: Props & { change: FileChange; opened: boolean }) {
  const shown = [change.before, change.after].every((side) => !side || isText(side.path, side));
  const [open, setOpen] = useState(opened && shown);
  const id = useId();
  const name = change.status === "renamed" ? `${change.before?.path} → ${change.path}` : change.path;
  return (
    <li>
      <UnstyledButton className="row" w="100%" style={{ paddingBlock: 8 }} disabled={!shown} aria-expanded={shown ? open : undefined} aria-controls={shown ? id : undefined} onClick={() => setOpen(!open)}>
        <IconChevronRight size={15} aria-hidden style={{ flex: "none", visibility: shown ? undefined : "hidden", transform: open ? "rotate(90deg)" : undefined }} />
        <span style={{ flex: "none", width: 84 }}><StateBadge state={change.status} /></span>
        <span className="grow mono" style={{ overflowWrap: "anywhere" }}>{name}</span>
        {(change.after ?? change.before)?.lfs && <Chip>LFS</Chip>}
        <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>{sizes(change)}</Text>
      </UnstyledButton>
      {open && <div id={id} style={{ borderTop: "1px solid var(--line)" }}><Suspense fallback={<Skeleton height={80} />}><TextDiff address={address} base={base} head={head} change={change} /></Suspense></div>}
    </li>
  );
}

function sizes({ before, after }: FileChange): string {
  if (before && after && before.size !== after.size) return `${formatBytes(before.size)} → ${formatBytes(after.size)}`;
  return formatBytes((after ?? before)?.size ?? 0);
}
