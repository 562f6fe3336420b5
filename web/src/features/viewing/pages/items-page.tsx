import { Group, SegmentedControl, Select, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import type { Address, ItemSummary } from "@/client/types";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";

import { type ItemFilter, summaryQuery } from "../api/items";
import { BadFiles } from "../components/bad-files";
import { ClassBalance } from "../components/class-balance";
import { ItemFilters } from "../components/item-filters";
import { ItemsView } from "../components/items-view";

type Props = {
  address: Address;
  /** Those that are ready, newest first. */
  versions: number[];
  number: number;
  onVersion: (number: number) => void;
  filter: ItemFilter;
  onFilter: (filter: ItemFilter) => void;
  canEdit: boolean;
  onMade: (number: number) => void;
  aside: React.ReactNode;
};

/** The images of a version: any number of them, by split and class, with counts, and the files that are none. */
export function ItemsPage({ address, versions, number, onVersion, filter, onFilter, canEdit, onMade, aside }: Props) {
  usePageTitle(`Data · ${address.owner}/${address.name}`);
  const { data: summary, error, refetch } = useQuery(summaryQuery(address, number));
  const shown: ItemFilter = { ...filter, errors: undefined };
  return (
    <div className="aside">
      <div>
        <Group gap="sm" mb="sm">
          <Select w={90} size="sm" aria-label="Version" data={versions.map((one) => ({ value: String(one), label: `v${one}` }))} value={String(number)} allowDeselect={false} onChange={(value) => onVersion(Number(value))} />
          {summary && summary.errors > 0 && <SegmentedControl size="sm" aria-label="What is shown" value={filter.errors ? "bad" : "good"} onChange={(value) => onFilter({ ...shown, errors: value === "bad" || undefined })} data={[{ value: "good", label: "Images" }, { value: "bad", label: `Not read (${summary.errors.toLocaleString("en")})` }]} />}
          {summary && !filter.errors && <ItemFilters summary={summary} filter={shown} onFilter={onFilter} />}
        </Group>
        {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
        {!summary && !error && <Skeleton height={420} />}
        {summary && (filter.errors ? <section className="surface" aria-label="Not read"><BadFiles address={address} number={number} /></section> : <ItemsView key={number} address={address} number={number} summary={summary} filter={shown} canEdit={canEdit} onMade={onMade} />)}
      </div>
      <Stack gap="md">
        {summary && <Facts summary={summary} />}
        {summary && <ClassBalance summary={summary} filter={shown} onFilter={onFilter} />}
        {aside}
      </Stack>
    </div>
  );
}

function Facts({ summary: { items, duplicates, splits } }: { summary: ItemSummary }) {
  const named = splits.filter(({ split }) => split !== null);
  return (
    <section className="surface" aria-label="Summary">
      <div className="body">
        <Text fw={600}>{items.toLocaleString("en")} {items === 1 ? "image" : "images"}</Text>
        {named.length > 0 && <Text size="sm" c="dimmed">{named.map(({ split, count }) => `${split} ${count.toLocaleString("en")}`).join(" · ")}</Text>}
        {duplicates > 0 && <Text size="sm" c="dimmed">{duplicates.toLocaleString("en")} {duplicates === 1 ? "is an exact copy" : "are exact copies"} of another one.</Text>}
      </div>
    </section>
  );
}
