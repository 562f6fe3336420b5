import { Button, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Address, Commit } from "@/client/types";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { TimeAgo } from "@/ui/time-ago";

import { historyQuery } from "../api/revisions";

type Props = { address: Address; revision: string | undefined };

/** The history of a branch, tag or commit, newest first. */
export function CommitsPage({ address, revision }: Props) {
  usePageTitle(`Commits · ${address.owner}/${address.name}`);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(historyQuery(address, revision));
  const commits = data?.pages.flat();
  return (
    <Section title={`Commits of ${revision ?? "main"}`} flush>
      {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
      {!commits && !error && <SkeletonRows count={5} />}
      {commits?.length === 0 && <Text className="body" c="dimmed">Nothing was committed yet.</Text>}
      <ul className="rows">{commits?.map((commit) => <CommitRow key={commit.id} address={address} commit={commit} />)}</ul>
      {hasNextPage && <Stack p="md"><Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older commits</Button></Stack>}
    </Section>
  );
}

function CommitRow({ address, commit }: { address: Address; commit: Commit }) {
  return (
    <li>
      <Link to="/$owner/$name/commits/$commit" params={{ ...address, commit: commit.id }} className="row" style={{ paddingBlock: 8 }}>
        <span className="grow clip">{commit.message.split("\n")[0] || "No message"}</span>
        <Text size="sm" c="dimmed" className="clip">{commit.author}</Text>
        <Text size="sm" c="dimmed"><TimeAgo at={commit.at} /></Text>
        <span className="mono">{commit.id.slice(0, 8)}</span>
      </Link>
    </li>
  );
}
