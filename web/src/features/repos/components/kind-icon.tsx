import { IconBox, IconDatabase, IconTool } from "@tabler/icons-react";

import type { Repository } from "@/client/types";

const ICONS = { model: IconBox, dataset: IconDatabase, operation: IconTool };

export function KindIcon({ kind, size = 20 }: { kind: Repository["kind"]; size?: number }) {
  const Icon = ICONS[kind];
  return <Icon size={size} stroke={1.5} color="var(--accent-text)" aria-label={kind} role="img" />;
}
