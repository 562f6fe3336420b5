import { Text } from "@mantine/core";
import { IconCircleCheck, IconEqualNot } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { shortDigest } from "@/lib/format";
import { TextLink } from "@/ui/links";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { runComparisonQuery } from "../api/orders";

/** How a run compares to the one that it did again, file by file. */
export function RunComparison({ runId }: { runId: string }) {
  const { data, error, refetch } = useQuery(runComparisonQuery(runId));
  if (error) return <ProblemAlert error={error} title="It could not be compared" onRetry={() => void refetch()} />;
  if (!data) return null;
  const differing = data.outputs.filter(({ same }) => !same);
  const other = <TextLink to="/runs/$id" params={{ id: data.first }} inherit>the run {data.first.slice(0, 8)}</TextLink>;
  return (
    <Section title="Done again">
      {data.identical ? (
        <Text size="sm"><IconCircleCheck size={16} color="var(--good)" style={{ verticalAlign: "-3px" }} aria-hidden /> Every output is the same as that of {other}, byte by byte{data.outputs.length > 0 && ` (${data.outputs.length === 1 ? "1 file" : `${data.outputs.length} files`})`}.</Text>
      ) : (
        <>
          <Text size="sm"><IconEqualNot size={16} color="var(--bad)" style={{ verticalAlign: "-3px" }} aria-hidden /> {differing.length ? `${differing.length} of ${data.outputs.length} outputs differ from those of ` : "Not both succeeded, compared with "}{other}.</Text>
          <ul className="rows" aria-label="Outputs that differ" style={{ marginTop: 8 }}>
            {differing.map(({ path, first, second }) => <li key={path} className="row" style={{ padding: "6px 0" }}><span className="grow" style={{ overflowWrap: "anywhere" }}>{path}</span><span className="mono quiet">{shown(first)} → {shown(second)}</span></li>)}
          </ul>
        </>
      )}
    </Section>
  );
}

function shown(digest: string | null | undefined): string {
  return digest ? shortDigest(digest) : "absent";
}
