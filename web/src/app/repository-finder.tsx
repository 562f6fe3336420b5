import { Autocomplete } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { searchQuery } from "@/features/repos/api/repos";

/** A repository by its address, with suggestions; Enter takes what is typed. */
export function RepositoryFinder({ onFound }: { onFound: (address: string) => void }) {
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text.trim(), 150);
  const [first, name] = settled.split("/", 2);
  const filter = name === undefined ? { q: first || undefined } : { owner: first || undefined, q: name || undefined };
  const query = useInfiniteQuery({ ...searchQuery(filter, undefined, 10), placeholderData: keepPreviousData });
  const found = query.data?.pages[0]?.items.map((repository) => `${repository.owner}/${repository.name}`) ?? [];
  const take = (address: string) => address.includes("/") && onFound(address);
  return (
    <Autocomplete
      size="xs"
      w={220}
      aria-label="Only of a repository"
      placeholder="Only of owner/name"
      comboboxProps={{ withinPortal: false }}
      data={found}
      filter={({ options }) => options}
      value={text}
      onChange={setText}
      onOptionSubmit={take}
      onKeyDown={(event) => event.key === "Enter" && take(text.trim())}
    />
  );
}
