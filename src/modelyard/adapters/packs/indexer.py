"""The process that reads archives: ``python -I -m modelyard.adapters.packs.indexer`` (see ``kit.workers``).

It has loaded its decoders and forks for each import, so that what one stranger sent meets no process that has read
what another did. The fork reads the directory of each source, has workers read the entries, and writes the index.
"""

import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from modelyard.adapters.packs import pictures
from modelyard.adapters.packs.decoding import check_entries, read_entry
from modelyard.adapters.packs.entries import Checked, Entries
from modelyard.adapters.packs.labels import Labels, find_label, read_labels
from modelyard.adapters.packs.rewriting import erase
from modelyard.adapters.packs.tars import read_tar, unpack_stream
from modelyard.adapters.packs.writing import SCHEMA, Facts, by_path, count, tabulate, write_index
from modelyard.adapters.packs.zips import check_tiling, read_zip
from modelyard.kit.errors import ModelyardError
from modelyard.kit.workers import Answer, Request, note, serve
from modelyard.rooms.packs import rules
from modelyard.rooms.packs.errors import ItemsBad, PackUnreadable, TooManyItems
from modelyard.rooms.sources.names import is_junk

NOTE_INTERVAL_S = 0.25
MAX_UNPACKED = 1024**4
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

    def run(self) -> Answer:
        for source in self._request["sources"]:
            self._open(source)
        top = self._choose()
        found = self._check()
        table, skipped = self._tabulate(found, top)
        facts = self._write(table)
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
        return found

    def _tabulate(self, found: Checked, top: str) -> tuple[pa.Table, int]:
        entries, shares = self._entries, self._request.get("shares")
        rows = sorted(
            (row for row in range(len(entries)) if found.errors.get(row) != LEFT_OUT), key=entries.paths.__getitem__
        )
        labels: list[str | None] = []
        splits: list[str | None] = []
        known: dict[str, tuple[str | None, str | None]] = {}
        for row in rows:
            path = entries.paths[row]
            folder = path[: path.rfind("/") + 1]
            if (said := known.get(folder)) is None:
                said = known[folder] = rules.read_path(path, top)
            label, split = said
            if self._labels:
                label, split = self._labelled(path, top, split)
            if split is None and shares and row not in found.errors:
                split = rules.chosen_split(bytes(found.digests[32 * row : 32 * row + 8]), shares)
            labels.append(label)
            splits.append(split)
        packs = [pack["digest"] for pack in self._packs]
        return tabulate(entries, found, rows, packs=packs, labels=labels, splits=splits), len(entries) - len(rows)

    def _labelled(self, path: str, top: str, split: str | None) -> tuple[str | None, str | None]:
        """With labels beside them, the folders say nothing of the class."""
        said = find_label(self._labels, path, top)
        return (said[0], said[1] or split) if said else (None, split)

    def _write(self, table: pa.Table) -> Facts:
        self._tell("index", "writing the index", at_once=True)
        if "base" in self._request:
            table = _added(table, pq.read_table(self._request["base"], memory_map=True))
        facts = count(table)
        if not facts.items:
            raise PackUnreadable(_no_image(table), remedy=FORM)
        if facts.errors and self._request.get("fail"):
            raise ItemsBad(_bad_ones(table), remedy="Leave these files out, or let the import skip what is bad.")
        write_index(table, facts, Path(self._request["target"]))
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


def _added(new: pa.Table, base: pa.Table) -> pa.Table:
    """Both by path. A path that was there keeps its row: the same image is left out, another one is listed as bad."""
    base = base.select(SCHEMA.names).cast(SCHEMA)
    is_there = pc.is_in(new["path"], value_set=base["path"])
    fresh, again = new.filter(pc.invert(is_there)), new.filter(is_there)
    rows = base.filter(pc.is_in(base["path"], value_set=again["path"]))
    known = dict(zip(rows["path"].to_pylist(), rows["digest"].to_pylist(), strict=True))
    pairs = zip(again["path"].to_pylist(), again["digest"].to_pylist(), strict=True)
    other = again.filter(pa.array([known[path] != digest for path, digest in pairs], pa.bool_()))
    column = SCHEMA.get_field_index("error")
    other = other.set_column(column, SCHEMA.field("error"), pa.array([TAKEN] * len(other), pa.string()))
    return by_path(pa.concat_tables([base, fresh, other]))


FORM = "Send a zip or tar of images in a folder for each class, or with a table of labels beside them."
TAKEN = "The dataset has another image of this name; rename one of them."


def _bad_ones(table: pa.Table) -> str:
    bad = table.filter(table["error"].is_valid())
    first = "; ".join(f"{row['path']}: {row['error']}" for row in bad.slice(0, 5).to_pylist())
    return f"{len(bad):,} of {len(table):,} files cannot be used: {first}"


def _no_image(table: pa.Table) -> str:
    return _bad_ones(table) if len(table) else "There is no image in it."


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
