import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import type { Address, Version } from "@/client/types";
import { cardFields, compareFields, signatureFields } from "@/lib/compare";
import { packagesOf } from "@/lib/lock";
import { signatureOf } from "@/lib/signature";
import { Differences } from "@/ui/differences";
import { ProblemAlert } from "@/ui/problem-alert";

import { isMadeElsewhere, lockQuery } from "../api/versions";

type Props = { address: Address; base: Version; head: Version };

/** What the newer version takes and gives that the older did not. */
export function ChangedSignature({ base, head }: Omit<Props, "address">) {
  const differences = compareFields(signatureFields(signatureOf(base)), signatureFields(signatureOf(head)));
  return <Differences title="Signature" column="Field" differences={differences} same="They take and give the same: who calls one can call the other." />;
}

/** The packages that were added, removed and upgraded. */
export function ChangedLock({ address, base, head }: Props) {
  const before = useQuery({ ...lockQuery(address, base.number), enabled: hasLock(base) });
  const after = useQuery({ ...lockQuery(address, head.number), enabled: hasLock(head) });
  const error = before.error ?? after.error;
  if (!hasLock(base) || !hasLock(head)) return <Differences title="Packages" column="Package" differences={[]} same="One of them has no lock: it was made elsewhere, or not to its end." />;
  if (error) return <ProblemAlert error={error} title="Packages could not be compared" />;
  if (before.data === undefined || after.data === undefined) return <Skeleton height={90} />;
  const differences = compareFields(packagesOf(before.data), packagesOf(after.data));
  return <Differences title="Packages" column="Package" differences={differences} same="Both are locked to the same packages." />;
}

export function ChangedCard({ base, head }: Omit<Props, "address">) {
  const differences = compareFields(cardFields(base.card), cardFields(head.card));
  return <Differences title="Card" column="Field" differences={differences} same="Their cards say the same." />;
}

function hasLock(version: Version): boolean {
  return version.image !== null && !isMadeElsewhere(version);
}
