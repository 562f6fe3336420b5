import "@mantine/spotlight/styles.layer.css";

import { Spotlight, spotlight } from "@mantine/spotlight";
import { IconBox, IconPlus, IconSearch } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { repositoriesQuery } from "@/features/repos/api/repos";

/** Search over everything that the person may read; Enter opens the first hit. */
export default function SearchDialog({ wanted }: { wanted: number }) {
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 120);
  const navigate = useNavigate();
  const { data, isFetching } = useInfiniteQuery({ ...repositoriesQuery({ q: q || undefined }), placeholderData: keepPreviousData });
  const hits = data?.pages[0]?.items.slice(0, 12) ?? [];
  useEffect(() => spotlight.open(), [wanted]);
  return (
    <Spotlight.Root query={text} onQueryChange={setText} shortcut={null} scrollable maxHeight={420} clearQueryOnClose attributes={{ content: { "aria-label": "Search" } }}>
      <Spotlight.Search placeholder="Search by name, title or tag" leftSection={<IconSearch size={18} />} aria-label="Search" />
      <Spotlight.ActionsList>
        {hits.map((hit) => (
          <Spotlight.Action
            key={hit.id}
            label={`${hit.owner}/${hit.name}`}
            description={hit.title || hit.description || hit.kind}
            leftSection={<IconBox size={20} stroke={1.5} />}
            onClick={() => void navigate({ to: "/$owner/$name", params: { owner: hit.owner, name: hit.name } })}
          />
        ))}
        {!hits.length && <Spotlight.Empty>{isFetching ? "Searching…" : `Nothing matches “${q}”.`}</Spotlight.Empty>}
        <Spotlight.Action label="New model" description="Box and serve a trained model" leftSection={<IconPlus size={20} stroke={1.5} />} onClick={() => void navigate({ to: "/new" })} />
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
