import { Button, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import type { Facets } from "@/client/types";
import { facetsQuery } from "@/features/repos/api/repos";
import { humanize } from "@/lib/format";

import { type ExploreFilter, KINDS, VISIBILITIES } from "./explore-filter";
import classes from "./explore.module.css";

type Props = { filter: ExploreFilter; narrow: (change: ExploreFilter) => void };

/** What can be narrowed, with how much is left; what is chosen stays to be taken back. */
export function ExploreFacets({ filter, narrow }: Props) {
  const { data } = useQuery({ ...facetsQuery(filter), placeholderData: keepPreviousData });
  const [opened, { toggle }] = useDisclosure(false);
  const chosen = [filter.kind, filter.owner, filter.visibility, ...(filter.tag ?? []), ...(filter.data_type ?? [])].filter(Boolean).length;
  const flip = (key: "tag" | "data_type", value: string) => {
    const old = filter[key] ?? [];
    const next = old.includes(value) ? old.filter((other) => other !== value) : [...old, value];
    narrow({ [key]: next.length ? next : undefined });
  };
  return (
    <aside className={classes.facets} aria-label="Narrow">
      <Button className={classes.toggle} variant="default" size="xs" leftSection={<IconAdjustmentsHorizontal size={15} />} aria-expanded={opened} onClick={toggle}>Filters{chosen ? ` (${chosen})` : ""}</Button>
      <div className={classes.groups} data-opened={opened || undefined}>
        <Group title="Kind" isWhole={data?.is_whole} counts={data?.kinds} chosen={[filter.kind]} onPick={(value) => narrow({ kind: filter.kind === value ? undefined : KINDS.find((kind) => kind === value) })} />
        <Group title="Data" isWhole={data?.is_whole} counts={data?.data_types} chosen={filter.data_type ?? []} onPick={(value) => flip("data_type", value)} />
        <Group title="Tags" isWhole={data?.is_whole} counts={data?.tags} chosen={filter.tag ?? []} plain onPick={(value) => flip("tag", value)} />
        <Group title="Owner" isWhole={data?.is_whole} counts={data?.owners} chosen={[filter.owner]} plain onPick={(value) => narrow({ owner: filter.owner === value ? undefined : value })} />
        <Group title="Visibility" isWhole={data?.is_whole} counts={data?.visibilities} chosen={[filter.visibility]} onPick={(value) => narrow({ visibility: filter.visibility === value ? undefined : VISIBILITIES.find((known) => known === value) })} />
      </div>
    </aside>
  );
}

type GroupProps = { title: string; isWhole: boolean | undefined; counts: Facets["kinds"] | undefined; chosen: (string | undefined)[]; plain?: boolean; onPick: (value: string) => void };

function Group({ title, isWhole = true, counts = [], chosen, plain, onPick }: GroupProps) {
  const picked = chosen.filter((value): value is string => value !== undefined);
  // What was chosen and now finds nothing is still shown, so that it can be taken back.
  const shown = [...counts.slice(0, 12), ...picked.filter((value) => !counts.some((count) => count.value === value)).map((value) => ({ value, count: 0 }))];
  if (shown.length < 2 && !picked.length) return null;
  return (
    <div role="group" aria-label={title}>
      <Text size="sm" fw={600} mb={2}>{title}</Text>
      <ul className={classes.values}>
        {shown.map(({ value, count }) => (
          <li key={value}>
            <UnstyledButton className={classes.value} aria-pressed={picked.includes(value)} onClick={() => onPick(value)}>
              <span className="clip grow">{plain ? value : humanize(value)}</span>
              {picked.includes(value) ? <IconX size={14} aria-hidden /> : <span className="quiet">{isWhole ? count : `${count}+`}</span>}
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </div>
  );
}
