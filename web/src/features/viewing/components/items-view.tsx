import { Loader, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, DataItem, ItemSummary } from "@/client/types";
import { type Edit, type Edits, NO_EDITS, withEdit } from "@/lib/item-edits";
import { ProblemAlert } from "@/ui/problem-alert";

import { editItems } from "../api/edits";
import { chunkQuery, isStillReading, type ItemFilter } from "../api/items";
import { EditBar } from "./edit-bar";
import { ItemDialog } from "./item-dialog";
import { ItemGrid } from "./item-grid";
import { useItems } from "./use-items";

const NONE: ReadonlySet<number> = new Set();

type Props = {
  address: Address;
  number: number;
  summary: ItemSummary;
  filter: ItemFilter;
  /** Whether a new version can be made of this one. */
  canEdit: boolean;
  onMade: (number: number) => void;
};

/** The images that the filter keeps: looked at, enlarged, chosen, relabelled and deleted. Edits outlive other filters. */
export function ItemsView({ address, number, summary, filter, canEdit, onMade }: Props) {
  const first = useQuery(chunkQuery(address, number, filter, 0));
  const [edits, setEdits] = useState<Edits>(NO_EDITS);
  const [chosen, setChosen] = useState(NONE);
  const make = useMutation({ mutationFn: () => editItems(address, number, edits), onSuccess: (version) => onMade(version.number) });
  const apply = (edit: Edit) => {
    setEdits(withEdit(edits, chosen, edit));
    setChosen(NONE);
  };
  const total = first.data?.total;
  return (
    <section className="surface" aria-label="Images" aria-busy={first.isFetching}>
      {first.error && <div className="body"><ProblemAlert error={first.error} onRetry={() => void first.refetch()} /></div>}
      {first.isPending && <Reading isLong={isStillReading(first.failureReason)} />}
      {total === 0 && <Text c="dimmed" p="md" role="status">No image matches.</Text>}
      {total !== undefined && total > 0 && <Chosen key={JSON.stringify(filter)} address={address} number={number} filter={filter} total={total} edits={edits} chosen={canEdit ? chosen : undefined} onChosen={setChosen} />}
      {make.error && <div className="body"><ProblemAlert error={make.error} /></div>}
      <EditBar
        chosen={chosen.size}
        edits={edits}
        classNames={summary.classes.flatMap(({ label }) => label ?? [])}
        busy={make.isPending}
        onRelabel={(label) => apply({ label })}
        onDelete={() => apply("delete")}
        onClear={() => setChosen(NONE)}
        onDiscard={() => setEdits(NO_EDITS)}
        onMake={() => make.mutate()}
      />
    </section>
  );
}

function Reading({ isLong }: { isLong: boolean }) {
  return (
    <div className="body" style={{ minHeight: 260 }}>
      <Text size="sm" c="dimmed" role="status"><Loader size={14} mr={8} />{isLong ? "The index is prepared for the first look; it appears here by itself." : "Loading…"}</Text>
    </div>
  );
}

type ChosenProps = { address: Address; number: number; filter: ItemFilter; total: number; edits: Edits; chosen?: ReadonlySet<number>; onChosen: (rows: ReadonlySet<number>) => void };

/** The grid with the full view over it. With Shift everything between is chosen, as far as it is loaded. */
function Chosen({ address, number, filter, total, edits, chosen, onChosen }: ChosenProps) {
  const [enlarged, setEnlarged] = useState<number | null>(null);
  const [current, setCurrent] = useState(0);
  const [anchor, setAnchor] = useState(0);
  const near = useItems(address, number, filter, Math.min(anchor, current), Math.min(total, Math.max(anchor, current) + 1));
  const choose = (item: DataItem, index: number, isRange: boolean) => {
    const rows = new Set(chosen);
    if (isRange) near.items.forEach((other, place) => place >= Math.min(anchor, index) && place <= Math.max(anchor, index) && rows.add(other.row));
    else if (!rows.delete(item.row)) rows.add(item.row);
    setAnchor(index);
    onChosen(rows);
  };
  return (
    <>
      <ItemGrid address={address} number={number} filter={filter} total={total} edits={edits} chosen={chosen} onChoose={choose} onEnlarge={setEnlarged} current={current} onCurrent={setCurrent} />
      {enlarged !== null && (
        <ItemDialog
          address={address}
          number={number}
          filter={filter}
          total={total}
          index={enlarged}
          onMove={(index) => {
            setEnlarged(index);
            setCurrent(index);
          }}
          onClose={() => {
            setEnlarged(null);
            requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-index="${current}"]`)?.focus());
          }}
        />
      )}
    </>
  );
}
