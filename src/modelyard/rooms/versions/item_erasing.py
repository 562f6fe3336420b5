"""Erasing images from a dataset, in all versions: packs and indexes are written anew, and the versions' notes say so.

A durable workflow. The rows change in one transaction; before it nothing of the new is seen, and after it a repetition
only brings Git into line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db, durable
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.ids import new_id
from modelyard.rooms.content import service as content
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.dvc import service as dvc
from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.errors import ItemMissing
from modelyard.rooms.packs.schemas import INDEX, Erasing, ErasingOrder, Pack, PackedIndex
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import committing, importing, rules, store
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.errors import VersionsUnfinished
from modelyard.rooms.versions.pack_sources import local_file, put_file
from modelyard.rooms.versions.tables import VersionRow

QUEUE = "item-erasures"
AUTHOR = "modelyard"


def begin_erasure(session: Session, *, repository: Repository, digests: Sequence[str]) -> None:
    """Takes images out of every version; it follows the commit. Raises ``ItemMissing`` where there are no packs, and
    ``VersionsUnfinished`` while a version is being made."""
    if not packs.list_indexes(session, repository.id):
        raise ItemMissing("The dataset has no packed images.", remedy="Look at its versions.")
    _require_rest(session, repository.id)
    identity = str(new_id())
    db.after_commit(session, lambda: _enqueue(identity, str(repository.id), sorted(set(digests))))


@workflow(name="erase_items")
def erase_items(repository_id: str, digests: list[str]) -> None:
    rewrite_versions(repository_id, digests)
    align_git(repository_id)
    drop_caches(repository_id)


@step(name="rewrite_versions")
def rewrite_versions(repository_id: str, digests: list[str]) -> None:
    """Writes packs, indexes and commits anew, then the rows, all at once. May be repeated."""
    tools, pack_tools, id = part(BuildTools), part(PackTools), UUID(repository_id)
    with tools.database.read() as session:
        indexes = packs.list_indexes(session, id)
    with committing.workdir(tools.scratch) as folder:
        erasing = pack_tools.reader.erase(_order(tools, pack_tools, indexes, digests, folder))
        if not erasing.packs:
            return
        fresh = [
            _rewritten(tools, index, erasing, folder / f"index-{number}", facts)
            for number, (index, facts) in enumerate(zip(indexes, erasing.facts, strict=True))
        ]
        stored = _store(tools, erasing, fresh, id)
    changed = [pair for pair in zip(indexes, fresh, strict=True) if pair[0] != pair[1]]
    for _, new in changed:
        importing.take_snapshot(tools, id, new.commit_id, lambda _files, _size: None)
    with tools.database.write() as session:
        repos.require_present(session, id)
        _require_rest(session, id)
        for (old, new), facts in zip(changed, _facts_of(indexes, fresh, erasing), strict=True):
            _replace_rows(session, tools, old, new, erased=facts["erased"])
        for digest in {*erasing.packs, *(old.digest for old, _ in changed)} - stored:
            content.revoke(session, holder_id=id, digest=digest)


@step(name="align_git")
def align_git(repository_id: str) -> None:
    """Points tags, DVC's too, and ``main`` at the commits of the rows. May be repeated."""
    tools, id = part(BuildTools), UUID(repository_id)
    with tools.database.read() as session:
        rewritten = [row for row in store.ready_packed(session, id) if "before" in row.project]
        commits = {row.number: row.commit_id for row in rewritten}
        former = {row.project["before"]: row.commit_id for row in rewritten}
    head = repos.head(tools.repositories, id)
    repos.move_refs(tools.repositories, id, versions=commits, main=(head, former[head]) if head in former else None)
    for number, commit_id in commits.items():
        dvc.withdraw_version(tools.repositories, id, number=number)
        dvc.offer_version(tools.dvc, id, number=number, commit_id=commit_id)


@step(name="drop_caches")
def drop_caches(repository_id: str) -> None:
    """Lets go of what was made of the images and indexes that are gone. May be repeated."""
    packs.forget_copies(part(PackTools), UUID(repository_id))


def _enqueue(identity: str, repository_id: str, digests: list[str]) -> None:
    durable.enqueue(QUEUE, erase_items, repository_id, digests, id=f"erase-items-{identity}")


def _require_rest(session: Session, repository_id: UUID) -> None:
    if store.has_unfinished(session, repository_id):
        raise VersionsUnfinished("A version is being made.", remedy="Wait until it is ready, then erase.")


def _order(
    tools: BuildTools, pack_tools: PackTools, indexes: Sequence[PackedIndex], digests: Sequence[str], folder: Path
) -> ErasingOrder:
    every = {pack.digest for index in indexes for pack in index.packs}
    return ErasingOrder(
        digests=digests,
        indexes=[
            (packs.index_path(pack_tools, index), folder / f"index-{number}") for number, index in enumerate(indexes)
        ],
        packs={digest: local_file(tools, digest, folder / digest[7:]) for digest in every},
        staging=folder,
    )


def _rewritten(
    tools: BuildTools, index: PackedIndex, erasing: Erasing, file: Path, facts: Mapping[str, Any]
) -> PackedIndex:
    """The index of a new commit; the same one where nothing of it goes."""
    if not {pack.digest for pack in index.packs} & erasing.packs.keys():
        return index
    kept = [erasing.packs.get(pack.digest, pack) for pack in index.packs]
    new_packs = tuple(pack if isinstance(pack, Pack) else pack.pack for pack in kept if pack is not None)
    new = replace(
        index,
        digest=put_file(tools, file),
        size=file.stat().st_size,
        items=facts["items"],
        errors=facts["errors"],
        classes=tuple(facts["classes"]),
        summary={name: facts[name] for name in ("counts", "splits", "duplicates")},
        packs=new_packs,
    )
    files: dict[str, LfsPointer | bytes | None] = {pack.path: None for pack in index.packs if pack not in new_packs}
    files |= {pack.path: LfsPointer(pack.digest[7:], pack.size) for pack in new_packs}
    files[INDEX] = LfsPointer(new.digest[7:], new.size)
    commit_id = repos.replace_files(
        tools.repositories,
        index.repository_id,
        index.commit_id,
        files=files,
        message="Images were erased",
        author=AUTHOR,
        at=tools.clock(),
    )
    return replace(new, commit_id=commit_id)


def _store(tools: BuildTools, erasing: Erasing, fresh: Sequence[PackedIndex], repository_id: UUID) -> set[str]:
    """Keeps the new packs and indexes for the repository; returns their digests."""
    held = {index.digest: index.size for index in fresh}
    for read in erasing.packs.values():
        if read is not None and read.file is not None:
            held[put_file(tools, read.file, expected=read.pack.digest)] = read.pack.size
    with tools.database.write() as session:
        repos.require_present(session, repository_id)
        for digest, size in held.items():
            content.record_blob(session, digest=digest, size=size, holder_id=repository_id, why="lfs")
    content.require_held(tools.blobs, held)
    return set(held)


def _facts_of(
    indexes: Sequence[PackedIndex], fresh: Sequence[PackedIndex], erasing: Erasing
) -> list[Mapping[str, Any]]:
    triples = zip(indexes, fresh, erasing.facts, strict=True)
    return [facts for old, new, facts in triples if old != new]


def _replace_rows(session: Session, tools: BuildTools, old: PackedIndex, new: PackedIndex, *, erased: int) -> None:
    packs.forget_index(session, old.repository_id, old.commit_id)
    datasets.forget_snapshot(session, old.repository_id, old.commit_id)
    packs.record_index(session, new, clock=tools.clock)
    for row in store.of_commit(session, old.repository_id, old.commit_id):
        _tell(row, new, erased, f"{tools.clock():%Y-%m-%d}")


def _tell(row: VersionRow, new: PackedIndex, erased: int, day: str) -> None:
    """The version's history says what went."""
    said = f"{erased:,} {'image was' if erased == 1 else 'images were'} erased from this version on {day}."
    before = row.commit_id
    notes = [*row.project.get("notes", ()), *([said] if erased else [])]
    row.commit_id = new.commit_id
    row.project = {**row.project, "packed": rules.packed_facts(new), "notes": notes, "before": before}
