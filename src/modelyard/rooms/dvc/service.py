"""A DVC remote for each repository, and versions of datasets that DVC can fetch."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore, StoredBlob
from modelyard.rooms.content.service import GrantedBlob
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.dvc import rules, store
from modelyard.rooms.dvc.errors import DvcObjectMissing
from modelyard.rooms.dvc.rules import Layout, ObjectName
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions

WHY = "dvc"
AUTHOR = "modelyard"
TEXTS = (".dvc/config", ".gitignore", ".gitattributes")


@dataclass(frozen=True, slots=True)
class DvcTools:
    """``site_url``: where the site is reached, without a slash at its end."""

    database: Database
    blobs: BlobStore
    repositories: RepositoryOptions
    clock: Clock
    site_url: str


def find_object(session: Session, *, blobs: BlobStore, repository_id: UUID, name: ObjectName) -> GrantedBlob:
    """The bytes under a name, if this repository holds them; raises ``DvcObjectMissing``."""
    digest = store.digest_of(session, repository_id, name)
    if digest is None or not content.holds(session, holder_id=repository_id, digest=digest):
        raise DvcObjectMissing(f"There is no {name.name} here.", remedy="Run dvc push where it is.")
    return content.find_granted(session, store=blobs, holder_id=repository_id, digest=digest)


def keep_object(tools: UploadTools, repository_id: UUID, name: ObjectName, stored: StoredBlob) -> None:
    """Gives bytes that were just stored, and have that MD5, to the repository under the name; blocks.

    A name that it has already keeps its bytes. Raises ``RepositoryMissing`` where it has gone meanwhile.
    """
    with tools.database.write() as session:
        repos.require_present(session, repository_id)
        content.record_blob(
            session, digest=stored.digest, size=stored.size, holder_id=repository_id, why=WHY, clock=tools.clock
        )
        store.insert(session, repository_id, name, stored.digest)
    content.require_held(tools.store, [stored.digest])


def offer_version(tools: DvcTools, repository_id: UUID, *, number: int, commit_id: str) -> None:
    """Writes the tag ``dvc/vN``: a commit upon the version's with DVC's pointers in the place of LFS's, so that
    ``git clone`` and ``dvc pull`` fetch what it holds. Reads the bytes whose MD5 is not known yet: slow; call it
    outside any transaction. May be repeated: the same version gives the same commit.
    """
    read = repos.file_reader(tools.repositories, repository_id, commit_id)
    pointers, texts = {}, {}
    for path, data in repos.walk_files(tools.repositories, repository_id, commit_id):
        if pointer := LfsPointer.parse(data):
            pointers[path] = pointer
        elif path in TEXTS:
            texts[path] = read(path).decode("utf-8", "surrogateescape")
    names = _names(tools, repository_id, {f"sha256:{pointer.oid}" for pointer in pointers.values()})
    with tools.database.read() as session:
        address = repos.get_repository(session, repository_id).address
    changes = rules.overlay(
        {path: (names[f"sha256:{pointer.oid}"], pointer.size) for path, pointer in pointers.items()},
        texts,
        url=f"{tools.site_url}/dvc/{address}",
    )
    repos.write_overlay_tag(
        tools.repositories,
        repository_id,
        tag=_tag(number),
        base=commit_id,
        changes=changes,
        message=f"v{number} for DVC",
        author=AUTHOR,
    )


def withdraw_version(options: RepositoryOptions, repository_id: UUID, *, number: int) -> None:
    """Removes the tag; one that is not there is no error."""
    repos.delete_tag(options, repository_id, _tag(number))


def _tag(number: int) -> str:
    return f"dvc/v{number}"


def _names(tools: DvcTools, repository_id: UUID, digests: set[str]) -> Mapping[str, str]:
    """Digest → MD5. What is found out is kept, without a grant: LFS's, which are there, are what keeps the bytes."""
    with tools.database.read() as session:
        known = store.names_of(session, repository_id, digests)
    for digest in sorted(digests - known.keys()):
        known[digest] = _md5(tools, repository_id, digest)
        with tools.database.write() as session:
            repos.require_present(session, repository_id)
            store.insert(session, repository_id, ObjectName(Layout.MD5, known[digest]), digest)
    return known


def _md5(tools: DvcTools, repository_id: UUID, digest: str) -> str:
    with tools.database.read() as session:
        blob = content.open_granted(session, store=tools.blobs, holder_id=repository_id, digest=digest)
    hasher = hashlib.md5(usedforsecurity=False)
    for chunk in blob.chunks:
        hasher.update(chunk)
    return hasher.hexdigest()
