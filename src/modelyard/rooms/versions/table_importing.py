"""Importing plain tables into a dataset: they stay files, as pushed ones do, but each was read to its end before."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard.rooms.content import service as content
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.datasets.schemas import PlacedFile
from modelyard.rooms.packs.errors import TableRefused
from modelyard.rooms.packs.schemas import PackedIndex, Reading, Table
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.sources import service as sources
from modelyard.rooms.versions import building, committing, importing, rules
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.pack_sources import put_file
from modelyard.rooms.versions.reporting import Reporter

APART = "Import images and tables into datasets of their own; a table of what images show is sent as their labels."


def require_alone(order: Mapping[str, Any], reading: Reading, former: PackedIndex | None) -> None:
    """Raises ``TableRefused`` where there are images beside the tables, or would be."""
    if reading.packs or order["labels"]:
        raise TableRefused("There are tables and images in it.", remedy=APART)
    if order["append"] and former is not None:
        raise TableRefused("The dataset holds images; tables are not added to them.", remedy=APART)


def import_tables(
    tools: BuildTools,
    pack_tools: PackTools,
    build: Build,
    reporter: Reporter,
    folder: Path,
    *,
    tables: Sequence[Table],
    base: str,
) -> None:
    """Checks the tables, commits them over ``base`` and counts the version's files. May be repeated.

    What was there goes, but for the card; with ``append`` all of it stays. Raises ``TableRefused``, the errors of
    ``datasets`` and ``sources`` for paths, and ``BranchMoved`` where ``base`` is not the newest state.
    """
    for done, table in enumerate(tables):
        reporter.say("check", f"{done:,} of {len(tables):,} tables: {table.path}")
        pack_tools.tables.check(table)
    reporter.say("index", "storing the tables")
    tree = folder / "tree"
    tree.mkdir()
    kept = _keep(tools, build, base, tree, is_append=build.project["import"]["append"])
    placed = [(table, _placed(table, tree, kept)) for table in tables]
    commit_id = _commit(tools, build, tree, placed, kept, base)
    _record(tools, build, reporter, commit_id)


def _keep(tools: BuildTools, build: Build, base: str, tree: Path, *, is_append: bool) -> dict[str, tuple[str, int]]:
    """What stays of the newest state, in ``tree``; large files are named, and empty there."""
    kept = committing.check_out(tools, build.repository_id, base, tree)
    if is_append:
        return kept
    paths = [file.relative_to(tree).as_posix() for file in tree.rglob("*") if file.is_file()]
    card = sources.find_readme(paths)
    for path in paths:
        if path != card:
            (tree / path).unlink()
    return {path: held for path, held in kept.items() if path == card}


def _placed(table: Table, tree: Path, kept: Mapping[str, tuple[str, int]]) -> PlacedFile:
    """Raises ``TableRefused`` where another file has its path."""
    with table.file.open("rb") as file:
        digest = table.digest or f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    there = tree / table.path
    if table.path in kept:
        former = kept[table.path][0]
    else:
        former = f"sha256:{hashlib.sha256(there.read_bytes()).hexdigest()}" if there.is_file() else digest
    if former != digest:
        raise TableRefused(
            f"The dataset has another {table.path}.", remedy="Rename the table, or import without append."
        )
    return PlacedFile(table.path, digest, table.file.stat().st_size)


def _commit(
    tools: BuildTools,
    build: Build,
    tree: Path,
    placed: Sequence[tuple[Table, PlacedFile]],
    kept: dict[str, tuple[str, int]],
    base: str,
) -> str:
    threshold = tools.repositories.lfs_threshold
    small = {file.path: table.file for table, file in placed if file.size < threshold}
    collected = datasets.collect_files([file for _, file in placed], tree, kept=kept, small=small)
    _hold(tools, build, [(table, file) for table, file in placed if file.path not in small])
    return committing.commit_tree(
        tools,
        build.repository_id,
        tree,
        author=building.pusher(tools.database, build),
        message=f"Tables for v{build.number}",
        known={path: LfsPointer(digest[7:], size) for path, (digest, size) in collected.large.items()},
        base=base,
    )


def _hold(tools: BuildTools, build: Build, large: Sequence[tuple[Table, PlacedFile]]) -> None:
    """Stores what is no blob yet and lets the repository hold it, before there is a commit that points at it."""
    for table, file in large:
        if table.digest is None:
            put_file(tools, table.file, expected=file.digest)
    with tools.database.write() as session:
        building.require_current(session, build)
        for _, file in large:
            content.record_blob(
                session, digest=file.digest, size=file.size, holder_id=build.repository_id, why="lfs", clock=tools.clock
            )
    content.require_held(tools.blobs, [file.digest for _, file in large])


def _record(tools: BuildTools, build: Build, reporter: Reporter, commit_id: str) -> None:
    snapshot = importing.take_snapshot(tools, build.repository_id, commit_id, lambda _files, _size: None)
    paths = repos.list_paths(tools.repositories, build.repository_id, commit_id)
    reporter.finish()
    with tools.database.write() as session:
        building.record_commit(session, build, commit_id=commit_id)
        building.record_contents(session, build, files=snapshot.files, size=snapshot.size)
        content.revoke(session, holder_id=build.repository_id, why=rules.import_reason(build.number))
        repos.describe_from_card(
            session, build.repository_id, build.card, data_types=datasets.data_types(paths), clock=tools.clock
        )
