import { Select, Skeleton, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";

import type { Repository, Version } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { formQuery, orderQuery } from "@/features/operations/api/orders";
import { runsQuery } from "@/features/runs/api/runs";
import { RunRow } from "@/features/runs/components/run-row";
import { draftOf } from "@/lib/run-order";
import { EmptyState } from "@/ui/empty-state";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { OrderForm } from "../use/order-form";
import { NextStep, whyNothingReady } from "./next-step";
import { useRepository, useVersions } from "./repository-pages";

const route = getRouteApi("/site/$owner/$name/use");

/** The form of an operation, or of a model that is to go over many rows. */
export function UseRoute() {
  const { address, repository } = useRepository();
  const { query, versions } = useVersions(address);
  const { from, version } = route.useSearch();
  const ready = versions.filter(({ state }) => state === "ready");
  usePageTitle(`Use · ${address.owner}/${address.name}`);
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  if (!repository || query.isPending) return <Skeleton height={320} />;
  const chosen = ready.find(({ number }) => number === version) ?? ready[0];
  if (!chosen)
    return (
      <div className="surface">
        <EmptyState icon={<IconPlayerPlay size={36} stroke={1.4} />} title="No version is ready to run" action={<NextStep repository={repository} newest={versions[0]} />}>{whyNothingReady(versions[0])}</EmptyState>
      </div>
    );
  return <Use key={from} repository={repository} versions={ready} version={chosen} from={from} />;
}

type UseProps = { repository: Repository; versions: Version[]; version: Version; from: string | undefined };

function Use({ repository, versions, version, from }: UseProps) {
  const { owner, name } = repository;
  const address = { owner, name };
  const navigate = useNavigate();
  const { data: session } = useQuery(sessionQuery);
  const { data: form, error, refetch } = useQuery(formQuery(address, version.number));
  const { data: order, error: orderError } = useQuery({ ...orderQuery(from ?? ""), enabled: from !== undefined });
  const failure = error ?? orderError;
  if (failure) return <ProblemAlert error={failure} onRetry={() => void refetch()} />;
  if (!form || !session || (from !== undefined && order === undefined)) return <Skeleton height={420} />;
  const choose = (number: string | null) => void navigate({ to: "/$owner/$name/use", params: address, search: { from, version: Number(number) }, replace: true });
  const choice = <Select size="xs" w={150} aria-label="Version" data={versions.map(({ number }) => ({ value: String(number), label: `version ${number}` }))} value={String(version.number)} allowDeselect={false} onChange={choose} />;
  return (
    <>
      {repository.kind === "model" && <Text size="sm" c="dimmed" mb="sm">The model goes over many rows, in a run of its own; it need not be deployed.</Text>}
      {version.operation?.outdated && <Text size="sm" mb="sm" role="note">The script was changed after this version was published; it runs as it was.</Text>}
      <OrderForm key={version.number} address={address} form={form} first={order ? draftOf(order) : undefined} draftKey={`order:${owner}/${name}${from ? `:${from}` : ""}`} account={session.account?.username ?? null} choice={choice} below={session.account && <Latest repository={`${owner}/${name}`} />} />
    </>
  );
}

/** The person's latest runs of it. */
function Latest({ repository }: { repository: string }) {
  const { data } = useInfiniteQuery(runsQuery({ repository }, 5));
  const runs = data?.pages[0]?.items ?? [];
  if (!runs.length) return null;
  return <Section title="Your latest runs" flush><ul className="rows" aria-label="Your latest runs">{runs.map((run) => <RunRow key={run.id} run={run} />)}</ul></Section>;
}
