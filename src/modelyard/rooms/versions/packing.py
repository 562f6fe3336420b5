"""Importing into a dataset: archives of images become packs and an index, tables stay files, in the build of a version.

The version's row comes first, so that the import can be followed and continues after a crash; its commit is made when
the index is known. Until the tag is written nobody sees any of it.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import StoredBlob
from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.schemas import INDEX, Pack, PackedIndex, Reading, ReadingOrder, ReadPack, Source, Table
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import BranchMoved
from modelyard.rooms.repos.git import NOTHING, LfsPointer
from modelyard.rooms.versions import building, committing, importing, rules, table_importing
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.pack_sources import find_archives, find_sources, is_table, local_file, put_file
from modelyard.rooms.versions.reporting import Reporter

README = "README.md"
TRIES = 5
DATA_TYPES = ("image",)


def import_data(tools: BuildTools, pack_tools: PackTools, build: Build) -> None:
    """Reads the sources, commits what comes of them, and counts the version's files. May be repeated.

    Raises what ``PackReader.read`` and ``import_tables`` raise, ``NotPacked``, and ``BranchMoved`` when others were
    quicker again and again.
    """
    reporter = Reporter(tools.database, build, clock=tools.clock)
    for _ in range(TRIES - 1):
        with contextlib.suppress(BranchMoved):
            return _import(tools, pack_tools, build, reporter)
    return _import(tools, pack_tools, build, reporter)


def _import(tools: BuildTools, pack_tools: PackTools, build: Build, reporter: Reporter) -> None:
    base = repos.head(tools.repositories, build.repository_id)
    order = build.project["import"]
    with tools.database.read() as session:
        former = packs.find_index(session, build.repository_id, base) if order["append"] else None
    with committing.workdir(tools.scratch) as folder:
        found = find_sources(tools, pack_tools, order, folder, reporter)
        tables = [Table(source.name, source.path, source.digest or None) for source in found if is_table(source)]
        reading = Reading((), {})
        if others := [source for source in found if not is_table(source)]:
            wanted = _order(tools, pack_tools, order, folder, former, find_archives(tools, others, folder))
            reading = pack_tools.reader.read(wanted, on_progress=reporter.say)
        if tables := [*tables, *reading.tables]:
            table_importing.require_alone(order, reading, former)
            table_importing.import_tables(tools, pack_tools, build, reporter, folder, tables=tables, base=base)
        else:
            _keep_packs(tools, build, reporter, folder, reading, former, base)


def _keep_packs(
    tools: BuildTools,
    build: Build,
    reporter: Reporter,
    folder: Path,
    reading: Reading,
    former: PackedIndex | None,
    base: str,
) -> None:
    reporter.say("index", "storing packs and index")
    index = keep_index(tools, build, folder, reading, former)
    commit_id = commit_index(tools, build, folder, index, base)
    record(tools, build, reporter, index, commit_id, notes=reading.notes)


def record(
    tools: BuildTools, build: Build, reporter: Reporter, index: PackedIndex, commit_id: str, *, notes: Sequence[str]
) -> None:
    """Counts the files of the commit and keeps what is known of it, all at once."""
    snapshot = importing.take_snapshot(tools, build.repository_id, commit_id, lambda _files, _size: None)
    reporter.finish()
    with tools.database.write() as session:
        building.record_packs(session, build, commit_id=commit_id, packed=rules.packed_facts(index), notes=notes)
        building.record_contents(session, build, files=snapshot.files, size=snapshot.size)
        packs.record_index(session, replace(index, commit_id=commit_id), clock=tools.clock)
        content.revoke(session, holder_id=build.repository_id, why=rules.import_reason(build.number))
        repos.describe_from_card(session, build.repository_id, build.card, data_types=DATA_TYPES, clock=tools.clock)


def _order(
    tools: BuildTools,
    pack_tools: PackTools,
    order: Mapping[str, Any],
    folder: Path,
    former: PackedIndex | None,
    archives: Sequence[Source],
) -> ReadingOrder:
    labels = order["labels"]
    return ReadingOrder(
        sources=archives,
        staging=folder,
        target=folder / INDEX,
        labels=(local_file(tools, labels["digest"], folder / "labels"), labels["name"]) if labels else None,
        base=packs.index_path(pack_tools, former) if former else None,
        shares=order["shares"],
        fail=order["fail"],
        append=order["append"],
    )


def keep_index(
    tools: BuildTools, build: Build, folder: Path, reading: Reading, former: PackedIndex | None
) -> PackedIndex:
    """Stores the index and what was unpacked, and lets the repository hold all of it, before there is a commit."""
    stored = [_store_pack(tools, read) for read in reading.packs]
    index = StoredBlob(put_file(tools, folder / INDEX), (folder / INDEX).stat().st_size)
    with tools.database.write() as session:
        building.require_current(session, build)
        for blob in [*stored, index]:
            content.record_blob(
                session, digest=blob.digest, size=blob.size, holder_id=build.repository_id, why="lfs", clock=tools.clock
            )
    content.require_held(tools.blobs, [blob.digest for blob in [*stored, index]])
    facts = reading.facts
    told = {name: facts[name] for name in ("counts", "splits", "duplicates")}
    all_packs = dict.fromkeys([*(former.packs if former else ()), *(read.pack for read in reading.packs)])
    return PackedIndex(
        build.repository_id,
        "",
        index.digest,
        index.size,
        facts["items"],
        facts["errors"],
        tuple(facts["classes"]),
        told,
        tuple(all_packs),
    )


def _store_pack(tools: BuildTools, read: ReadPack) -> StoredBlob:
    if read.file is not None:  # else it is a blob already
        put_file(tools, read.file, expected=read.pack.digest)
    return StoredBlob(read.pack.digest, read.pack.size)


def commit_index(tools: BuildTools, build: Build, folder: Path, index: PackedIndex, base: str) -> str:
    """Commits the index and its packs over ``base``; raises ``BranchMoved`` where that is not the newest state."""
    tree = folder / "tree"
    tree.mkdir()
    (tree / README).write_bytes(_readme(tools, build, base))
    pointers = {pack.path: _pointer(pack) for pack in index.packs}
    pointers[INDEX] = LfsPointer(index.digest[7:], index.size)
    for path in pointers:
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).touch()
    return committing.commit_tree(
        tools,
        build.repository_id,
        tree,
        author=building.pusher(tools.database, build),
        message=f"Images for v{build.number}",
        known=pointers,
        base=base,
    )


def _readme(tools: BuildTools, build: Build, base: str) -> bytes:
    """The card that is there already, else one that says how the data lies."""
    if base != NOTHING:
        for path, data in repos.walk_files(tools.repositories, build.repository_id, base):
            if path == README and LfsPointer.parse(data) is None:
                return data
    with tools.database.read() as session:
        name = repos.get_repository(session, build.repository_id).name
    return f"# {name}\n\n{ABOUT}\n".encode()


ABOUT = """The images lie in `packs/`, and `index.parquet` says where: path, label, split, pack, offset and length in
bytes. `modelyard.load_dataset` reads them without unpacking."""


def _pointer(pack: Pack) -> LfsPointer:
    return LfsPointer(pack.digest[7:], pack.size)
