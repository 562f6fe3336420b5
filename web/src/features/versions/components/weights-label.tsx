import { Text } from "@mantine/core";

import type { Weights } from "@/client/types";
import { StateBadge } from "@/ui/state-badge";

const WORDS: Record<string, { state: string; label: string }> = {
  data: { state: "ok", label: "data only" },
  "known-code": { state: "notice", label: "code of known libraries" },
  "other-code": { state: "warning", label: "other code" },
  unreadable: { state: "warning", label: "cannot be read" },
  suspicious: { state: "failed", label: "suspicious" },
};

/** What the weights' format can do and what was seen in them: a label, never a promise. */
export function WeightsLabel({ weights, brief }: { weights: Weights; brief?: boolean }) {
  const { state, label } = WORDS[weights.label] ?? { state: "notice", label: weights.label };
  const findings = weights.findings.filter(({ detail }) => detail);
  return (
    <div>
      <span className="mono">{weights.format}</span> <StateBadge state={state} label={label} />
      <Text size="sm" c="dimmed">{weights.meaning}</Text>
      {!brief && findings.map(({ path, detail }) => <Text key={`${path} ${detail}`} size="sm" style={{ overflowWrap: "anywhere" }}><span className="mono">{path}</span>: {detail}</Text>)}
    </div>
  );
}
