"""The index of a version, and the bytes that its rows point at."""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import BlobDamaged
from modelyard.rooms.content.ports import LocalPaths
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.schemas import INDEX
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.results import service as results
from modelyard.rooms.results.ports import Previews
from modelyard.rooms.results.service import ResultFile, ResultTools
from modelyard.rooms.viewing import columns
from modelyard.rooms.viewing.errors import ItemBroken, ItemsMissing
from modelyard.rooms.viewing.ports import PackedPicture, Sheets
from modelyard.rooms.viewing.sheets import SheetMemory

Place = dict[str, Any]
"""Where an item lies: ``pack``, ``offset``, ``length``, ``method``; the ``digest`` of its file, None for a bad one."""

PATIENCE_S = 8.0
DEFLATED = 8


@dataclass(frozen=True, slots=True)
class ViewTools:
    """What looking at data needs; an ``ItemCache``. Indexes are kept prepared on the shelf of ``results``."""

    datasets: DatasetTools
    results: ResultTools
    sheets: Sheets
    memory: SheetMemory

    @property
    def previews(self) -> Previews:
        return self.results.previews

    def forget(self, repository_id: UUID) -> None:
        """See ``packs.ports.ItemCache``: prepared indexes, counts, differences and previews on the shelf, sheets."""
        self.results.shelf.forget(repository_id)
        self.memory.forget(repository_id)


@dataclass(frozen=True, slots=True)
class Source:
    """The index of one version: blob ``digest`` of ``size`` bytes, held by the repository."""

    repository_id: UUID
    commit_id: str
    digest: str
    size: int

    @property
    def key(self) -> str:
        """Names the index and who holds it: what is made from it is kept for its holder alone."""
        return f"{self.repository_id.hex}-{self.digest.removeprefix('sha256:')}"


def find_source(session: Session, tools: ViewTools, repository: Repository, number: int) -> Source:
    """Raises ``SnapshotMissing``, and ``ItemsMissing`` for a version of plain files."""
    snapshot = datasets.find_snapshot(session, tools.datasets.repositories, repository, number)
    index = packs.find_index(session, repository.id, snapshot.commit_id)
    if index is None:
        raise ItemsMissing(
            f"v{number} of {repository.address} holds files, and no images with an index.",
            remedy="Look at its files, or import a zip or tar of images.",
        )
    return Source(repository.id, snapshot.commit_id, index.digest, index.size)


def prepared(tools: ViewTools, source: Source) -> Path:
    """The index as ``columns`` reads it. Raises ``StillReading`` while a large one is prepared."""

    def make(target: Path) -> None:
        with results.local_file(
            tools.results, ResultFile(source.repository_id, INDEX, source.size, source.digest)
        ) as index:
            columns.prepare(index, target)

    return tools.results.shelf.obtain(f"{source.key}.items", make, patience=PATIENCE_S)


def read_item(tools: ViewTools, source: Source, place: Place) -> bytes:
    """The bytes of an item as they were packed. Raises ``BlobMissing`` for a pack that the repository does not hold,
    ``BlobDamaged`` where they are not what was imported, and ``ItemBroken`` for an item that never was whole.
    """
    with tools.datasets.database.read() as session:
        blob = content.open_granted(
            session,
            store=tools.datasets.blobs,
            holder_id=source.repository_id,
            digest=place["pack"],
            offset=place["offset"],
            length=place["length"],
        )
    data = _unpacked(b"".join(blob.chunks), place)
    if place["digest"] in (None, f"sha256:{hashlib.sha256(data).hexdigest()}"):
        return data
    raise BlobDamaged(place["pack"])


def _unpacked(data: bytes, place: Place) -> bytes:
    try:
        return zlib.decompress(data, -zlib.MAX_WBITS) if place["method"] == DEFLATED else data
    except zlib.error as e:
        if place["digest"] is not None:
            raise BlobDamaged(place["pack"]) from e
        raise ItemBroken("The archive has no whole file there.", remedy="Import this one again.") from e


@contextmanager
def packed_pictures(tools: ViewTools, source: Source, places: Sequence[Place]) -> Iterator[list[PackedPicture]]:
    """Where pictures lie in files of this machine: in the packs themselves, or in a copy of what is needed of them.

    Raises ``BlobMissing`` for a pack that the repository does not hold.
    """
    store = tools.datasets.blobs
    if isinstance(store, LocalPaths):
        files = {digest: store.path(digest) for digest in _held(tools, source, places)}
        yield [PackedPicture(files[at["pack"]], at["offset"], at["length"], at["method"]) for at in places]
        return
    with tempfile.NamedTemporaryFile(dir=tools.results.scratch) as copy:
        found = []
        for at in places:
            data = read_item(tools, source, at)
            found.append(PackedPicture(Path(copy.name), copy.tell(), len(data), 0))
            copy.write(data)
        copy.flush()
        yield found


def _held(tools: ViewTools, source: Source, places: Sequence[Place]) -> set[str]:
    digests = {place["pack"] for place in places}
    with tools.datasets.database.read() as session:
        for digest in digests:
            content.open_granted(
                session, store=tools.datasets.blobs, holder_id=source.repository_id, digest=digest, length=0
            )
    return digests
