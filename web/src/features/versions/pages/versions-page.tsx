import { Button, Text } from "@mantine/core";
import { IconGitCompare, IconVersions } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Address, Version } from "@/client/types";
import { formatRange } from "@/lib/compare";
import { formatBytes } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { StateBadge } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { versionsQuery } from "../api/versions";
import { OperationBadges } from "../components/operation-badges";

type Props = { address: Address; canWrite: boolean };

export function VersionsPage({ address, canWrite }: Props) {
  usePageTitle(`Versions · ${address.owner}/${address.name}`);
  const query = useInfiniteQuery(versionsQuery(address));
  const versions = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [newest, before] = versions;
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <section className="surface" aria-label="Versions">
      {newest && before && (
        <header>
          <Text size="sm" c="dimmed">{versions.length}{query.hasNextPage ? "+" : ""} versions</Text>
          <LinkButton to="/$owner/$name/compare/$range" params={{ ...address, range: formatRange({ base: before.number, head: newest.number }) }} size="xs" variant="default" leftSection={<IconGitCompare size={15} />}>
            Compare v{before.number} with v{newest.number}
          </LinkButton>
        </header>
      )}
      {query.isPending && <SkeletonRows count={3} />}
      {query.data && !versions.length && (
        <EmptyState icon={<IconVersions size={36} stroke={1.4} />} title="No version yet" action={canWrite && <LinkButton to="/$owner/$name/push" params={address}>Push the first version</LinkButton>}>
          Each push becomes a numbered version with its own image.
        </EmptyState>
      )}
      <ul className="rows">{versions.map((version) => <VersionRow key={version.number} address={address} version={version} />)}</ul>
      {query.hasNextPage && <div className="body"><Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
    </section>
  );
}

function VersionRow({ address, version }: { address: Address; version: Version }) {
  const { number, state, message, reason, image } = version;
  return (
    <li>
      <Link to="/$owner/$name/versions/$number" params={{ ...address, number: String(number) }} className="row">
        <b style={{ width: 42 }}>v{number}</b>
        <span style={{ width: 86 }}><StateBadge state={state} /></span>
        <span className="grow clip">{(state === "failed" && reason) || message || <span className="quiet mono">{version.commit_id.slice(0, 8)}</span>}</span>
        {version.operation && <OperationBadges operation={version.operation} />}
        <Text size="sm" c="dimmed" className="wide-only">{image ? formatBytes(image.size) : ""}</Text>
        <Text size="sm" c="dimmed" miw={90} ta="right"><TimeAgo at={version.created_at} /></Text>
      </Link>
    </li>
  );
}
