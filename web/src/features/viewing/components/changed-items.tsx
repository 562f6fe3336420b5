import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, ItemChange, ItemChangeKind } from "@/client/types";
import { Section } from "@/ui/section";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { changesQuery, pictureUrl } from "../api/items";

const KINDS: ItemChangeKind[] = ["added", "removed", "relabelled", "replaced"];

type Props = { address: Address; base: number; head: number };

/** The images that differ between two versions, with labels before and after. */
export function ChangedItems({ address, base, head }: Props) {
  const [chosen, setChosen] = useState<ItemChangeKind | null>(null);
  const counted = useInfiniteQuery(changesQuery(address, base, head));
  const counts = counted.data?.pages[0]?.counts;
  const kind = chosen ?? KINDS.find((one) => counts?.[one]) ?? "added";
  return (
    <Section title="Images" flush aside={counts && <SegmentedControl size="xs" aria-label="Which changes" value={kind} onChange={(value) => setChosen(value)} data={KINDS.map((value) => ({ value, label: `${counts[value]?.toLocaleString("en") ?? 0} ${value}` }))} />}>
      {counted.error && <div className="body"><ProblemAlert error={counted.error} onRetry={() => void counted.refetch()} /></div>}
      {counted.isPending && <SkeletonRows count={3} />}
      {counts && (KINDS.some((one) => counts[one]) ? <Changes key={kind} address={address} base={base} head={head} kind={kind} /> : <Text c="dimmed" p="md">No image differs.</Text>)}
    </Section>
  );
}

function Changes({ address, base, head, kind }: Props & { kind: ItemChangeKind }) {
  const query = useInfiniteQuery(changesQuery(address, base, head, kind));
  const found = query.data?.pages.flatMap(({ items }) => items) ?? [];
  if (query.isPending) return <SkeletonRows count={3} />;
  return (
    <>
      {!found.length && <Text c="dimmed" p="md">None.</Text>}
      <ul className="rows" aria-label={`Images ${kind}`}>
        {found.map((change) => (
          <li key={change.path} className="row" style={{ paddingBlock: 6 }}>
            <img src={pictureUrl(address, kind === "removed" ? base : head, change.row, 256)} alt="" loading="lazy" width={40} height={40} style={{ objectFit: "contain", imageRendering: "pixelated" }} />
            <span className="grow" style={{ overflowWrap: "anywhere" }}>{change.path}</span>
            <Labels change={change} />
          </li>
        ))}
      </ul>
      {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </>
  );
}

function Labels({ change: { kind, label, label_before } }: { change: ItemChange }) {
  if (kind === "relabelled") return <Group gap={6}><Text size="sm" c="dimmed" td="line-through">{label_before ?? "no label"}</Text><Text size="sm">{label ?? "no label"}</Text></Group>;
  return <Text size="sm" c="dimmed">{label ?? label_before ?? "no label"}</Text>;
}
