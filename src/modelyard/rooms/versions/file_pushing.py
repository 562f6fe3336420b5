"""A push to a dataset: single files or a zip become a commit, then a queued version, as models do."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content import service as content
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.datasets.schemas import Collected, PlacedFile
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import BranchMoved
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import committing, pushing
from modelyard.rooms.versions.errors import PartsInvalid
from modelyard.rooms.versions.pushing import PushTools
from modelyard.rooms.versions.schemas import NewVersion, Version

NO_SIGNATURE: dict[str, Any] = {}
TRIES = 5


@dataclass(frozen=True, slots=True)
class PreparedFiles:
    """The files of a push, committed to Git, but not a version yet."""

    collected: Collected
    commit_id: str


def prepare_files(
    tools: PushTools, *, principal: Principal, repository: Repository, wanted: NewVersion
) -> PreparedFiles:
    """Checks the files and commits them. Slow: call it outside any transaction.

    What is large and new is a blob already, so that its upload is granted and never copied. With ``keep`` they go over
    what ``main`` holds at that moment, also where others push at the same time. Raises ``BranchMoved`` when they were
    quicker again and again.
    """
    if wanted.parts is not None:
        raise PartsInvalid("A dataset has no parts.", remedy="Push files, or a zip as archive.", field="parts")
    for _ in range(TRIES - 1):
        with contextlib.suppress(BranchMoved):
            return _prepare(tools, principal, repository, wanted)
    return _prepare(tools, principal, repository, wanted)


def _prepare(tools: PushTools, principal: Principal, repository: Repository, wanted: NewVersion) -> PreparedFiles:
    base = repos.head(tools.repositories, repository.id) if wanted.keep else None
    with committing.workdir(tools.scratch) as folder:
        tree = folder / "tree"
        tree.mkdir()
        kept = committing.check_out(tools, repository.id, base, tree)
        datasets.remove_files(tree, wanted.remove)
        kept = {path: held for path, held in kept.items() if path not in wanted.remove}
        collected, placed = _collect(tools, principal, wanted, folder, tree, kept)
        _grant(tools, repository, placed)
        pointers = {path: LfsPointer(digest[7:], size) for path, (digest, size) in collected.large.items()}
        commit_id = pushing.commit_tree(
            tools, principal, repository, tree, message=wanted.message, known=pointers, base=base
        )
    return PreparedFiles(collected, commit_id)


def prepare_blobs(
    tools: PushTools, *, principal: Principal, repository: Repository, files: Sequence[PlacedFile], message: str
) -> PreparedFiles:
    """As ``prepare_files``, of blobs that somebody holds who may give them away: they become all that ``main`` has."""
    with committing.workdir(tools.scratch) as folder:
        tree = folder / "tree"
        tree.mkdir()
        small = {
            file.path: pushing.copy_blob(tools, file.digest, folder / f"file-{number}")
            for number, file in enumerate(files)
            if file.size < tools.repositories.lfs_threshold
        }
        collected = datasets.collect_files(files, tree, kept={}, small=small)
        _grant(tools, repository, [file for file in files if file.path not in small])
        pointers = {path: LfsPointer(digest[7:], size) for path, (digest, size) in collected.large.items()}
        commit_id = pushing.commit_tree(tools, principal, repository, tree, message=message, known=pointers)
    return PreparedFiles(collected, commit_id)


def record_files(
    session: Session,
    tools: PushTools,
    *,
    principal: Principal,
    repository: Repository,
    wanted: NewVersion,
    push: PreparedFiles,
) -> Version:
    """Reserves the next number and queues the import, which starts after the commit."""
    return record_blobs(session, tools, principal=principal, repository=repository, message=wanted.message, push=push)


def record_blobs(
    session: Session,
    tools: PushTools,
    *,
    principal: Principal,
    repository: Repository,
    message: str,
    push: PreparedFiles,
) -> Version:
    """As ``record_files``."""
    repos.describe_from_card(
        session, repository.id, push.collected.card, data_types=push.collected.data_types, clock=tools.clock
    )
    return pushing.insert_version(
        session,
        tools,
        principal=principal,
        repository=repository,
        values={
            "commit_id": push.commit_id,
            "message": message,
            "platforms": [],
            "signature": NO_SIGNATURE,
            "card": push.collected.card,
            "project": {"contents": None, "notes": list(push.collected.notes)},
        },
    )


def _collect(
    tools: PushTools,
    principal: Principal,
    wanted: NewVersion,
    folder: Path,
    tree: Path,
    kept: dict[str, tuple[str, int]],
) -> tuple[Collected, list[PlacedFile]]:
    """The files in ``tree``, and those of them that are large uploads."""
    if wanted.archive is not None:
        archive = pushing.fetch_upload(tools, principal, wanted.archive, folder / "archive")
        return datasets.collect_archive(archive, tree, kept=kept), []
    placed, small = [], {}
    for number, file in enumerate(wanted.files):
        with tools.database.read() as session:
            upload = content.claim_upload(session, account_id=pushing.own_id(principal), upload_id=file.upload)
        placed.append(PlacedFile(file.path, upload.digest, upload.size))
        if upload.size < tools.repositories.lfs_threshold:
            small[file.path] = pushing.fetch_upload(tools, principal, file.upload, folder / f"file-{number}")
    collected = datasets.collect_files(placed, tree, kept=kept, small=small)
    return collected, [file for file in placed if file.path not in small]


def _grant(tools: PushTools, repository: Repository, placed: list[PlacedFile]) -> None:
    """Lets the repository hold what was uploaded, before there is a commit that points at it."""
    with tools.database.write() as session:
        repos.require_present(session, repository.id)
        for file in placed:
            content.grant(session, holder_id=repository.id, digest=file.digest, why="lfs", clock=tools.clock)
