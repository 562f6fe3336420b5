import { Button, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";

import type { Address } from "@/client/types";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { badFilesQuery } from "../api/items";

/** Files of the archive that are no part of the data, and why. */
export function BadFiles({ address, number }: { address: Address; number: number }) {
  const query = useInfiniteQuery(badFilesQuery(address, number));
  const found = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <Text size="sm" c="dimmed" p="md" pb="xs">These files could not be read and are left out of the data. Mend them and import them again to have them in the next version.</Text>
      {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
      {query.isPending && <SkeletonRows count={4} />}
      <ul className="rows" aria-label="Files that could not be read">
        {found.map(({ row, path, error }) => (
          <li key={row} className="row">
            <span className="grow" style={{ overflowWrap: "anywhere" }}>{path}</span>
            <Text size="sm" c="dimmed" maw="50%">{error}</Text>
          </li>
        ))}
      </ul>
      {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </>
  );
}
