"""Packs and indexes without some images, made by the process that reads archives: they hold what strangers sent."""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.adapters.packs.index_files import SCHEMA, read_index, write_index
from modelyard.kit.workers import Answer

Place = tuple[str, int, int]
"""Digest of the pack, offset and length of the bytes that are stored there."""

COLUMNS = ["pack", "offset", "length", "method", "path", "digest", "error"]
ENDING = b"\x00" * 1024


def erase(request: Mapping[str, Any]) -> Answer:
    """``indexes`` (``path``, ``target``) and ``packs`` (digest → path) without the images of ``digests``.

    The packs that hold them are written to ``staging`` as tars that hold what the other rows of all indexes name.
    Answers ``facts`` for each index, and ``packs``: old digest → the new one (file, digest, size), or None where
    nothing is left of it.
    """
    gone = pa.array(request["digests"], pa.string())
    indexes = [Path(index["path"]) for index in request["indexes"]]
    touched = _touched(indexes, gone)
    moved: dict[Place, Place] = {}
    packs: dict[str, dict[str, Any] | None] = {}
    for number, pack in enumerate(touched):
        file = Path(request["staging"]) / f"rewritten-{number}.tar"
        packs[pack] = _rewrite(Path(request["packs"][pack]), _kept(indexes, pack, gone), file, moved)
    erasure = _Erasure(gone, pa.array(touched, pa.string()), moved)
    facts = [erasure.apply(Path(index["path"]), Path(index["target"])) for index in request["indexes"]]
    return {"packs": packs, "facts": facts}


def _touched(indexes: Sequence[Path], gone: pa.Array) -> list[str]:
    """The packs that hold an image that goes."""
    found: set[str] = set()
    for table in _all(indexes):
        found |= set(table.filter(pc.is_in(table["digest"], value_set=gone))["pack"].unique().to_pylist())
    return sorted(found)


def _kept(indexes: Sequence[Path], pack: str, gone: pa.Array) -> dict[Place, tuple[int, str]]:
    """What stays of a pack: place → method and the name it had first; what is listed as bad goes too."""
    kept: dict[Place, tuple[int, str]] = {}
    for table in _all(indexes):
        stays = pc.and_(pc.equal(table["pack"], pack), pc.invert(pc.is_in(table["digest"], value_set=gone)))
        for row in table.filter(pc.and_(stays, table["error"].is_null())).to_pylist():
            kept.setdefault((pack, row["offset"], row["length"]), (row["method"], row["path"]))
    return kept


def _all(indexes: Sequence[Path]) -> Iterator[pa.Table]:
    for index in indexes:
        yield from read_index(index, COLUMNS)


def _rewrite(
    source: Path, kept: Mapping[Place, tuple[int, str]], target: Path, moved: dict[Place, Place]
) -> dict[str, Any] | None:
    """Writes what is kept as a tar and notes where it lies now; None where nothing is left."""
    if not kept:
        return None
    places: dict[Place, tuple[int, int]] = {}
    with source.open("rb") as old, target.open("wb") as new:
        for place, (method, name) in sorted(kept.items(), key=lambda item: item[1][1]):
            old.seek(place[1])
            data = old.read(place[2])
            places[place] = _append(new, name, zlib.decompress(data, -zlib.MAX_WBITS) if method else data)
        new.write(ENDING)
    with target.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    moved.update({old_place: (digest, *position) for old_place, position in places.items()})
    return {"file": target.name, "digest": digest, "size": target.stat().st_size}


def _append(file: BinaryIO, name: str, data: bytes) -> tuple[int, int]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    file.write(member.tobuf(tarfile.PAX_FORMAT))
    offset = file.tell()
    file.write(data + bytes(-len(data) % tarfile.BLOCKSIZE))
    return offset, len(data)


class _Erasure:
    """What happens to every index: images of these digests go, and what was listed as bad in a pack that is written
    anew; the others lie elsewhere now."""

    def __init__(self, gone: pa.Array, touched: pa.Array, moved: Mapping[Place, Place]) -> None:
        self._gone, self._touched, self._moved = gone, touched, moved

    def apply(self, source: Path, target: Path) -> dict[str, Any]:
        """Writes one index anew and tells of it."""
        counted = {"erased": 0, "removed": 0}
        facts = write_index((self._without(table, counted) for table in read_index(source)), target)
        return {**counted, **facts.to_json()}

    def _without(self, table: pa.Table, counted: dict[str, int]) -> pa.Table:
        is_gone = pc.fill_null(pc.is_in(table["digest"], value_set=self._gone), False)
        is_bad = table["error"].is_valid()
        goes = pc.or_(is_gone, pc.and_(pc.is_in(table["pack"], value_set=self._touched), is_bad))
        counted["erased"] += pc.sum(pc.and_not(is_gone, is_bad)).as_py() or 0
        counted["removed"] += pc.sum(goes).as_py() or 0
        return self._placed(table.filter(pc.invert(goes)))

    def _placed(self, table: pa.Table) -> pa.Table:
        """The rows with the places that they have now; what was moved is stored as it is."""
        columns = {name: table[name].to_pylist() for name in ("pack", "offset", "length", "method")}
        places = list(zip(columns["pack"], columns["offset"], columns["length"], strict=True))
        for row, place in enumerate(places):
            if now := self._moved.get(place):
                for name, value in zip(columns, (*now, 0), strict=True):
                    columns[name][row] = value
        for name, values in columns.items():
            column = SCHEMA.get_field_index(name)
            table = table.set_column(column, SCHEMA.field(name), pa.array(values, SCHEMA.field(name).type))
        return table
