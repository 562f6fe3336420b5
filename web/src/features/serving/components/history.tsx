import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import type { Address } from "@/client/types";
import { humanize } from "@/lib/format";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { historyQuery } from "../api/deployment";

/** Who pointed which alias at which version, and when. */
export function History({ address }: { address: Address }) {
  const { data } = useQuery(historyQuery(address));
  if (!data?.length) return null;
  return (
    <Section title="History" flush>
      <ul className="rows">
        {data.map((change) => (
          <li key={`${change.changed_at} ${change.alias}`} className="row" style={{ paddingBlock: 7 }}>
            <Text size="sm" className="grow">
              {humanize(change.verb)}: <span className="mono">{change.alias}</span> {change.version === null ? "was removed" : `→ v${change.version}`}
              {change.previous !== null && <span className="quiet"> (was v{change.previous})</span>}
            </Text>
            <Text size="sm" c="dimmed">{change.changed_by && `${change.changed_by}, `}<TimeAgo at={change.changed_at} /></Text>
          </li>
        ))}
      </ul>
    </Section>
  );
}
