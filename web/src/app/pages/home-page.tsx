import { Button, Code, Group, NativeSelect, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconBox, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import type { Sort } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { searchQuery } from "@/features/repos/api/repos";
import { RepositoryRow } from "@/features/repos/components/repository-row";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { SkeletonRows } from "@/ui/skeleton-rows";
import { Chip } from "@/ui/state-badge";

import { ExploreFacets } from "./explore-facets";
import { type ExploreFilter, SORTS } from "./explore-filter";
import classes from "./explore.module.css";

const route = getRouteApi("/site/");

const SORT_LABELS: Record<Sort, string> = { relevance: "Best match", recent: "Newest", stars: "Most stars", downloads: "Most downloads", rating: "Best rated" };

/** Explore: everything that this person may read, narrowed by what is in the address. */
export function HomePage() {
  usePageTitle("Explore");
  const { sort, ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  const narrow = (change: ExploreFilter) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const query = useInfiniteQuery({ ...searchQuery(filter, sort), placeholderData: keepPreviousData });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = Object.values(filter).some(Boolean);
  return (
    <main className="page" id="main">
      <Title order={1} mb={12}>Explore</Title>
      <Words filter={filter} sort={sort} narrow={narrow} />
      <div className={classes.explore}>
        <ExploreFacets filter={filter} narrow={narrow} />
        <div>
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
        </div>
      </div>
    </main>
  );
}

function Words({ filter, sort, narrow }: { filter: ExploreFilter; sort: Sort | undefined; narrow: (change: ExploreFilter) => void }) {
  const [text, setText] = useState(filter.q ?? "");
  const search = useDebouncedCallback((q: string) => narrow({ q: q.trim() || undefined }), 200);
  const [seen, setSeen] = useState(filter.q);
  if (seen !== filter.q) {
    // Cleared elsewhere; while someone types, what is typed is ahead of the address.
    setSeen(filter.q);
    if (!filter.q) setText("");
  }
  const standard = filter.q ? "relevance" : "recent";
  return (
    <Group gap="xs" mb="md" role="search" aria-label="Search repositories">
      <TextInput
        flex="1 1 220px"
        leftSection={<IconSearch size={16} />}
        placeholder="Words in names, titles, tags and cards"
        aria-label="Words"
        value={text}
        onChange={(event) => { setText(event.currentTarget.value); search(event.currentTarget.value); }}
      />
      <NativeSelect
        w={165}
        aria-label="What comes first"
        value={sort ?? standard}
        data={SORTS.map((value) => ({ value, label: SORT_LABELS[value] }))}
        onChange={(event) => { const chosen = SORTS.find((known) => known === event.currentTarget.value); narrow({ sort: chosen === standard ? undefined : chosen }); }}
      />
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
