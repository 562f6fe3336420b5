import { IconLock } from "@tabler/icons-react";

import { EmptyState } from "@/ui/empty-state";

type Props = { title: string; children: React.ReactNode; action?: React.ReactNode; whole?: boolean };

/** A page that is not for this person: whom to ask, or what they can do instead. */
export function NotAllowed({ title, children, action, whole }: Props) {
  return <EmptyState whole={whole} icon={<IconLock size={34} />} title={title} action={action}>{children}</EmptyState>;
}
