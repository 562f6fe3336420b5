import { ActionIcon, Text, Tooltip } from "@mantine/core";
import { IconMessage2, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { LinkButton } from "@/ui/links";
import { notifyProblem } from "@/ui/notify";
import { Section } from "@/ui/section";
import { TimeAgo } from "@/ui/time-ago";

import { declineFeedback, wantedQuery } from "../api/feedback";

const VERBS = { download: "downloaded", run: "ran" };

/** The to-do: what was tried and not spoken of. Nothing is shown where there is nothing to do. */
export function WantedFeedback() {
  const { data } = useQuery(wantedQuery);
  const queries = useQueryClient();
  const declining = useMutation({
    mutationFn: ({ owner, name, version }: { owner: string; name: string; version: number }) => declineFeedback({ owner, name }, version),
    onSuccess: () => queries.invalidateQueries(wantedQuery),
    onError: (error) => notifyProblem(error),
  });
  if (!data?.items.length) return null;
  return (
    <Section title="To do" flush>
      <ul className="rows">
        {data.items.map(({ repository: { owner, name, id }, version, how, tried_at }) => (
          <li key={`${id} ${version}`} className="row" style={{ flexWrap: "wrap" }}>
            <IconMessage2 size={18} stroke={1.5} color="var(--accent-text)" aria-hidden style={{ flex: "none" }} />
            <Text flex="1 1 240px" style={{ overflowWrap: "anywhere" }}>
              You {VERBS[how]} <b>{owner}/{name}</b> v{version} <span className="quiet"><TimeAgo at={tried_at} /></span>: tell its maker how it went.
            </Text>
            <LinkButton to="/$owner/$name/feedback" params={{ owner, name }} search={{ write: version }} size="xs" variant="default">Say how it went</LinkButton>
            <Tooltip label="Do not ask again">
              <ActionIcon variant="subtle" color="gray" aria-label={`Do not ask about ${owner}/${name} v${version} again`} onClick={() => declining.mutate({ owner, name, version })}><IconX size={16} /></ActionIcon>
            </Tooltip>
          </li>
        ))}
      </ul>
    </Section>
  );
}
