"""The process that reads archives: ``python -I -m modelyard.adapters.packs.indexer`` (see ``kit.workers``).

It has loaded its decoders and forks for each import, so that what one stranger sent meets no process that has read
what another did. The fork reads the directory of each source, has workers read the entries, and writes the index.
"""

import io
import json
import os
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelyard.adapters.packs import pictures
from modelyard.adapters.packs.decoding import check_entries, read_entry, unpack_entry
from modelyard.adapters.packs.entries import Checked, Entries
from modelyard.adapters.packs.index_files import GROUP, Facts, read_index, tabulate, write_index
from modelyard.adapters.packs.labels import Labels, find_label, read_labels
from modelyard.adapters.packs.merging import merge
from modelyard.adapters.packs.rewriting import erase
from modelyard.adapters.packs.tars import read_tar, unpack_stream
from modelyard.adapters.packs.zips import EntryBroken, check_tiling, read_zip
from modelyard.kit.errors import ModelyardError
from modelyard.kit.workers import Answer, Request, note, serve
from modelyard.rooms.packs import rules
from modelyard.rooms.packs.errors import ItemsBad, NotPacked, PackUnreadable, TableRefused, TooManyItems
from modelyard.rooms.packs.schemas import TableForm
from modelyard.rooms.sources.errors import ArchiveBomb
from modelyard.rooms.sources.names import is_junk

Said = tuple[str | None, str | None]
"""Class and split."""

NOTE_INTERVAL_S = 0.25
MAX_UNPACKED = 1024**4
MAX_TABLE_BYTES = 100 * 1024**3
COMPRESSIONS = {b"\x1f\x8b": "gz", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst"}


def handle(request: Request) -> Answer:
    """Answers by a fork; ``refused`` (class of the error, detail, remedy) where the import cannot be."""
    mine, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        _answer(request, theirs)
    os.close(theirs)
    with os.fdopen(mine, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else {"broken": "It ended before it had answered."}


def _answer(request: Request, target: int) -> None:
    """The life of the fork, which ends here."""
    code = 1
    try:
        try:
            answer = erase(request) if request["verb"] == "erase" else _Import(request).run()
        except ModelyardError as e:
            answer = {"refused": type(e).__name__, "detail": e.detail, "remedy": e.remedy}
        except MemoryError:
            answer = {"broken": "It needs more memory than is allowed."}
        with os.fdopen(target, "wb") as stream:
            stream.write(json.dumps(answer).encode())
        code = 0
    finally:
        os._exit(code)


class _Import:
    """One import: ``sources`` (``path``, ``digest``, ``name``), ``staging`` for what is unpacked, ``target`` of the
    index, and maybe ``labels``, ``base`` (index that is added to), ``shares``, ``fail`` (on the first bad file)."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._begun = self._noted = 0.0
        self._entries = Entries()
        self._packs: list[dict[str, Any]] = []
        self._files: list[tuple[int, bool]] = []
        self._labels: Labels = {}
        self._shares = request.get("shares")

    def run(self) -> Answer:
        for source in self._request["sources"]:
            self._open(source)
        if paths := self._tables():
            return {"tables": self._unpack(paths)}
        if self._request["append"] and "base" not in self._request:
            raise NotPacked("There are no images yet that could be added to.", remedy="Import without append.")
        top = self._choose()
        found = self._check()
        rows = self._listed(found)
        facts = self._write(self._row_groups(found, rows, top))
        skipped = len(self._entries) - len(rows)
        notes = rules.notes_on(facts.counts, duplicates=facts.duplicates, errors=facts.errors, skipped=skipped)
        return {"packs": self._packs, "facts": facts.to_json(), "notes": notes}

    def _open(self, source: dict[str, str]) -> None:
        """Reads the directory of one source; what is compressed as a whole is unpacked first."""
        path, digest, most = Path(source["path"]), source["digest"], self._request["max_items"]
        with path.open("rb") as file:
            start = file.read(8)
        compression = next((name for mark, name in COMPRESSIONS.items() if start.startswith(mark)), None)
        unpacked = None
        if compression:
            unpacked = Path(self._request["staging"]) / f"{source['key']}.tar"
            digest = unpack_stream(compression, path, unpacked, limit=MAX_UNPACKED, on_bytes=self._tell_bytes)
            path = unpacked
        descriptor = os.open(path, os.O_RDONLY)
        is_zip = start.startswith(b"PK")
        number = len(self._files)
        self._files.append((descriptor, is_zip))
        (read_zip if is_zip else read_tar)(descriptor, number, self._entries, max_entries=most)
        size = os.fstat(descriptor).st_size
        suffix = "zip" if is_zip else "tar"
        file_name = unpacked.name if unpacked else None
        self._packs.append({"digest": digest, "size": size, "suffix": suffix, "file": file_name})
        if len(self._entries) > most:
            raise TooManyItems(f"There are more than {most:,} files in it.", remedy="Split it into several datasets.")

    def _tables(self) -> dict[int, str]:
        """Row → path of the archives' tables; none where there is anything else but texts beside them."""
        found = {}
        for row, path in enumerate(self._entries.paths):
            if TableForm.named(path) and not is_junk(path):
                found[row] = path
            elif not (is_junk(path) or rules.is_text_beside(path)):
                return {}
        return found

    def _unpack(self, paths: dict[int, str]) -> list[dict[str, str]]:
        """Writes each to a file of its own in staging; the folder that holds all of them is left out of their paths."""
        ordered = sorted(paths.values())
        top = rules.common_folder(ordered)
        if (size := sum(self._entries.sizes[row] for row in paths)) > MAX_TABLE_BYTES:
            raise ArchiveBomb(f"The tables unpack to {size:,} bytes.", remedy="Split them into several imports.")
        told = []
        for done, (row, path) in enumerate(paths.items()):
            self._tell("unpack", f"{done:,} of {len(paths):,} tables")
            target = Path(self._request["staging"]) / f"table-{row}"
            try:
                unpack_entry(self._entries, row, self._files, target)
            except EntryBroken as e:
                raise TableRefused(f"{path}: {e}", remedy="Make the archive again.") from e
            told.append({"path": path[len(top) :], "file": target.name})
        return told

    def _choose(self) -> str:
        """Marks what is no image at all; returns the folder that holds everything."""
        self._entries = entries = self._entries.as_they_lie()
        kept = [path for path in entries.paths if not (_is_odd(path) and is_junk(path))]
        top = rules.common_folder([min(kept), max(kept)] if kept else [])
        seen: set[str] = set()
        for row, path in enumerate(entries.paths):
            if path in seen:
                entries.errors[row] = "Another file of the archive has the same name."
            elif _is_odd(path):
                self._look_at(row, path, top)
            seen.add(path)
        if "labels" in self._request:
            with Path(self._request["labels"]["path"]).open("rb") as file:
                self._labels |= read_labels(file, self._request["labels"]["name"])
        return top

    def _look_at(self, row: int, path: str, top: str) -> None:
        if is_junk(path) or rules.is_text_beside(path):
            self._entries.errors[row] = LEFT_OUT
        elif rules.is_labels_file(path, top):
            self._entries.errors[row] = LEFT_OUT
            self._labels |= self._read_inner(row, path)

    def _read_inner(self, row: int, path: str) -> Labels:
        """Labels that lie in the archive are read as any entry is, in memory."""
        return read_labels(io.BytesIO(read_entry(self._entries, row, self._files)), path)

    def _check(self) -> Checked:
        self._begun = time.monotonic()
        found = check_entries(
            self._entries, self._files, workers=self._request["workers"], on_progress=self._tell_items
        )
        for number, (_, is_zip) in enumerate(self._files):
            if is_zip:
                check_tiling(self._entries, found, number)
        self._entries.forget_headers()
        found.ends = array("q")
        return found

    def _listed(self, found: Checked) -> Sequence[int]:
        """The rows that the index has, by path."""
        rows = (row for row in range(len(self._entries)) if found.errors.get(row) != LEFT_OUT)
        return array("I", sorted(rows, key=self._entries.paths.__getitem__))

    def _row_groups(self, found: Checked, rows: Sequence[int], top: str) -> Iterator[pa.Table]:
        """The index's columns of these rows, some at a time."""
        packs, folders = [pack["digest"] for pack in self._packs], dict[str, Said]()
        for begin in range(0, len(rows), GROUP):
            group = rows[begin : begin + GROUP]
            labels, splits = zip(*[self._said(found, row, top, folders) for row in group], strict=True)
            yield tabulate(self._entries, found, group, packs=packs, labels=labels, splits=splits)

    def _said(self, found: Checked, row: int, top: str, folders: dict[str, Said]) -> Said:
        """An image's class and split."""
        path = self._entries.paths[row]
        folder = path[: path.rfind("/") + 1]
        if (said := folders.get(folder)) is None:
            said = folders[folder] = rules.read_path(path, top)
        label, split = self._labelled(path, top, said[1]) if self._labels else said
        if split is None and self._shares and row not in found.errors:
            split = rules.chosen_split(bytes(found.digests[32 * row : 32 * row + 8]), self._shares)
        return label, split

    def _labelled(self, path: str, top: str, split: str | None) -> tuple[str | None, str | None]:
        """With labels beside them, the folders say nothing of the class."""
        said = find_label(self._labels, path, top)
        return (said[0], said[1] or split) if said else (None, split)

    def _write(self, tables: Iterator[pa.Table]) -> Facts:
        self._tell("index", "writing the index", at_once=True)
        target = Path(self._request["target"])
        if "base" in self._request:
            tables = merge(tables, read_index(Path(self._request["base"])))
        facts = write_index(tables, target)
        if not facts.items:
            raise PackUnreadable(_bad_ones(target, facts) if facts.errors else "There is no image in it.", remedy=FORM)
        if facts.errors and self._request.get("fail"):
            raise ItemsBad(
                _bad_ones(target, facts), remedy="Leave these files out, or let the import skip what is bad."
            )
        return facts

    def _tell_bytes(self, done: int) -> None:
        self._tell("unpack", f"{done / 1e6:,.0f} MB unpacked")

    def _tell_items(self, done: int) -> None:
        every, taken = len(self._entries), time.monotonic() - self._begun
        rate = done / max(taken, 1e-3)
        left = (every - done) / max(rate, 1e-3)
        text = f"{done:,} of {every:,} files, {rate:,.0f} images/s, {_time(left)} left"
        self._tell("check", text, at_once=done == every)

    def _tell(self, stage: str, text: str, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._noted >= NOTE_INTERVAL_S:
            self._noted = time.monotonic()
            note({"stage": stage, "text": text})


LEFT_OUT = "Left out."
USUAL = frozenset({".png", ".jpg", ".PNG", ".JPG"})


def _is_odd(path: str) -> bool:
    """Whether a name is to be looked at; most are of plain images."""
    return path[-4:] not in USUAL or "._" in path or path.startswith("__")


WITHOUT = "Leave these files out, or let the import skip what is bad."
FORM = "Send a zip or tar of images in a folder for each class, or with a table of labels beside them."


def _bad_ones(index: Path, facts: Facts) -> str:
    bad = (row for table in read_index(index) for row in table.filter(table["error"].is_valid()).to_pylist())
    first = "; ".join(f"{row['path']}: {row['error']}" for row in islice(bad, 5))
    return f"{facts.errors:,} of {facts.items + facts.errors:,} files cannot be used: {first}"


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def prepare_arrow() -> None:
    """Bounds what it takes, and loads all of it before there are forks."""
    pa.set_memory_pool(pa.system_memory_pool())  # the others reserve address space, which is bounded here
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.table({"": [None]})  # loads what Arrow loads late, once for all forks


if __name__ == "__main__":
    pictures.prepare()
    prepare_arrow()
    sys.setswitchinterval(1)
    serve(handle)
