import type { Operation } from "@/client/types";
import { Chip, StateBadge } from "@/ui/state-badge";

/** What kind of operation a version is, and whether it may be run as it is. */
export function OperationBadges({ operation }: { operation: Operation }) {
  return (
    <>
      <Chip>{operation.kind}</Chip>
      {!operation.published && <StateBadge state="unpublished" label="not published" />}
      {operation.outdated && <StateBadge state="notice" label="outdated" />}
    </>
  );
}
