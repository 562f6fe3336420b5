import { Loader, Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useState } from "react";

import type { Repository } from "@/client/types";
import { type SearchFilter, searchQuery } from "@/features/repos/api/repos";
import { KindIcon } from "@/features/repos/components/kind-icon";

import classes from "./search-dialog.module.css";

type Hit = { id: string; label: string; hint: string; icon: React.ReactNode; open: () => void };
type Props = { opened: boolean; onClose: () => void };

/** Search over everything that the person may read: type, arrows, Enter. */
export default function SearchDialog({ opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} withCloseButton={false} padding={0} size={600} yOffset="10vh" attributes={{ content: { "aria-label": "Search" } }}>
      <Search onClose={onClose} />
    </Modal>
  );
}

function Search({ onClose }: Pick<Props, "onClose">) {
  const [text, setText] = useState("");
  const { hits, searching } = useHits(text, onClose);
  const [picked, setPicked] = useState({ index: 0, of: "" });
  // What was picked counts only for the list that it was picked from; a new list starts at its first hit.
  const list = hits.map(({ id }) => id).join();
  const index = picked.of === list ? Math.min(picked.index, hits.length - 1) : 0;
  const [entered, setEntered] = useState(false);
  const chosen = hits[index];
  useEffect(() => {
    // Who types fast presses Enter before the answer is there; it opens what is found, not what was there before.
    if (entered && !searching) chosen?.open();
  }, [entered, searching, chosen]);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setPicked({ index: (index + step + hits.length) % hits.length, of: list });
    else if (event.key === "Enter") setEntered(true);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        classNames={{ wrapper: classes.box }}
        leftSection={searching ? <Loader size={16} /> : <IconSearch size={18} />}
        placeholder="Words in names, titles, tags and cards"
        aria-label="Search"
        role="combobox"
        aria-expanded
        aria-controls="search-hits"
        aria-activedescendant={hits[index] ? `hit-${hits[index].id}` : undefined}
        value={text}
        onChange={(event) => { setText(event.currentTarget.value); setEntered(false); }}
        onKeyDown={onKeyDown}
      />
      <ul id="search-hits" role="listbox" aria-label="Found" className={classes.hits}>
        {hits.map((hit, place) => (
          // The keyboard reaches options through the text field, as comboboxes do.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li key={hit.id} id={`hit-${hit.id}`} role="option" aria-selected={place === index} className={classes.hit} onClick={hit.open}>
            {hit.icon}
            <span className="grow">
              <span className="clip" style={{ display: "block" }}>{hit.label}</span>
              <span className={classes.hint}>{hit.hint}</span>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function useHits(text: string, onClose: () => void): { hits: Hit[]; searching: boolean } {
  const navigate = useNavigate();
  const [settled] = useDebouncedValue(text.trim(), 120);
  const { data, isFetching } = useInfiniteQuery({ ...searchQuery(filterOf(settled), undefined, 10), placeholderData: keepPreviousData });
  const found = data?.pages[0]?.items.slice(0, 10) ?? [];
  const go = (repository: Repository) => () => {
    onClose();
    void navigate({ to: "/$owner/$name", params: { owner: repository.owner, name: repository.name } });
  };
  const hits = found.map((repository) => ({
    id: repository.id,
    label: `${repository.owner}/${repository.name}`,
    hint: repository.title || repository.description || repository.kind,
    icon: <KindIcon kind={repository.kind} />,
    open: go(repository),
  }));
  const push = () => {
    onClose();
    void navigate({ to: "/new" });
  };
  const hint = found.length ? "Box and serve a trained model" : `Nothing matches “${settled}”`;
  return {
    hits: [...hits, { id: "new", label: "New model", hint, icon: <IconPlus size={20} stroke={1.5} aria-hidden />, open: push }],
    searching: isFetching || settled !== text.trim(),
  };
}

/** "ada/dig" looks for "dig" among what ada owns. */
function filterOf(text: string): SearchFilter {
  const [owner, name] = text.split("/", 2);
  return name === undefined ? { q: text || undefined } : { owner: owner || undefined, q: name || undefined };
}
