import { Button, Code, Group, NativeSelect, SegmentedControl, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconBox, IconSearch, IconX } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import { sessionQuery } from "@/features/accounts/api/session";
import { repositoriesQuery } from "@/features/repos/api/repos";
import { RepositoryRow } from "@/features/repos/components/repository-row";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { Chip } from "@/ui/state-badge";

import { type ExploreFilter, KINDS, VISIBILITIES } from "./explore-filter";

const route = getRouteApi("/site/");

/** Explore: everything that this person may read, narrowed by what is in the address. */
export function HomePage() {
  usePageTitle("Explore");
  const filter = route.useSearch();
  const query = useInfiniteQuery({ ...repositoriesQuery(filter), placeholderData: keepPreviousData });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = Object.values(filter).some(Boolean);
  return (
    <main className="page" id="main">
      <Title order={1} mb={12}>Explore</Title>
      <Facets filter={filter} />
      <section className="surface" aria-label="Repositories" aria-busy={query.isFetching}>
        {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
        {query.isPending && <SkeletonRows />}
        {query.data && !found.length && (narrowed ? <NothingFound /> : <NothingYet />)}
        <ul className="rows">{found.map((repository) => <RepositoryRow key={repository.id} repository={repository} />)}</ul>
      </section>
      {query.hasNextPage && (
        <Group justify="center" mt="md">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>
        </Group>
      )}
    </main>
  );
}

function Facets({ filter }: { filter: ExploreFilter }) {
  const navigate = route.useNavigate();
  const narrow = (change: ExploreFilter) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const [text, setText] = useState(filter.q ?? "");
  const search = useDebouncedCallback((q: string) => narrow({ q: q.trim() || undefined }), 200);
  const [seen, setSeen] = useState(filter.q);
  if (seen !== filter.q) {
    // Cleared elsewhere; while someone types, what is typed is ahead of the address.
    setSeen(filter.q);
    if (!filter.q) setText("");
  }
  return (
    <Group gap="xs" mb="md" role="search" aria-label="Filter repositories">
      <TextInput
        flex="1 1 220px"
        leftSection={<IconSearch size={16} />}
        placeholder="Filter by name, title or description"
        aria-label="Filter"
        value={text}
        onChange={(event) => { setText(event.currentTarget.value); search(event.currentTarget.value); }}
      />
      <SegmentedControl
        aria-label="Kind"
        value={filter.kind ?? "all"}
        onChange={(kind) => narrow({ kind: KINDS.find((known) => known === kind) })}
        data={[{ value: "all", label: "All" }, { value: "model", label: "Models" }, { value: "dataset", label: "Datasets" }, { value: "operation", label: "Operations" }]}
      />
      <NativeSelect
        w={150}
        aria-label="Visibility"
        value={filter.visibility ?? ""}
        data={[{ value: "", label: "Any visibility" }, ...VISIBILITIES]}
        onChange={(event) => narrow({ visibility: VISIBILITIES.find((known) => known === event.currentTarget.value) })}
      />
      {filter.owner && (
        <Button variant="default" rightSection={<IconX size={14} />} onClick={() => narrow({ owner: undefined })} aria-label={`Remove the filter owner ${filter.owner}`}>
          owner {filter.owner}
        </Button>
      )}
    </Group>
  );
}

function NothingFound() {
  return (
    <EmptyState icon={<IconSearch size={34} />} title="Nothing matches" action={<LinkButton to="/" search={{}} variant="default">Show everything</LinkButton>}>
      Fewer words or another kind may help.
    </EmptyState>
  );
}

function NothingYet() {
  const { data: session } = useQuery(sessionQuery);
  const mayCreate = session?.account && session.account.role !== "reader";
  const action = mayCreate ? <LinkButton to="/new">Push a model</LinkButton> : !session?.account && <LinkButton to="/sign-in">Sign in</LinkButton>;
  return (
    <EmptyState icon={<IconBox size={36} stroke={1.4} />} title="No models here yet" action={action}>
      Bring a trained model, the source that uses it and its requirements: Modelyard boxes it into an image and serves it.
      <Text size="sm" mt="xs">From the command line: <Code>modelyard push examples/digits</Code></Text>
      <Group justify="center" gap={6} mt="xs"><Chip>model.pkl</Chip><Chip>source.zip</Chip><Chip>requirements.txt</Chip><Chip>config.json</Chip></Group>
    </EmptyState>
  );
}
