import { Button, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Address, Commit } from "@/client/types";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { TimeAgo } from "@/ui/time-ago";

import { historyQuery } from "../api/revisions";

type Props = {
  address: Address;
  revision: string | undefined;
  /** Another revision, whose history is left out. */
  beyond?: string;
  /** What is said where there are no commits. */
  none: string;
};

/** Commits, newest first, page by page. */
export function CommitList({ address, revision, beyond, none }: Props) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(historyQuery(address, revision, beyond));
  const commits = data?.pages.flat();
  return (
    <>
      {error && <div className="body"><ProblemAlert error={error} onRetry={() => void refetch()} /></div>}
      {!commits && !error && <SkeletonRows count={5} />}
      {commits?.length === 0 && <Text className="body" size="sm" c="dimmed" p="md">{none}</Text>}
      <ul className="rows">{commits?.map((commit) => <CommitRow key={commit.id} address={address} commit={commit} />)}</ul>
      {hasNextPage && <Stack p="md"><Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older commits</Button></Stack>}
    </>
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
