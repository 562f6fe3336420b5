"""Packs and indexes without some images, made by the process that reads archives: they hold what strangers sent."""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from modelyard.adapters.packs.index_files import SCHEMA, write_index
from modelyard.kit.workers import Answer

Place = tuple[str, int, int]
"""Digest of the pack, offset and length of the bytes that are stored there."""

COLUMNS = ["pack", "offset", "length", "method", "path", "digest"]
ENDING = b"\x00" * 1024


def erase(request: Mapping[str, Any]) -> Answer:
    """``indexes`` (``path``, ``target``) and ``packs`` (digest → path) without the images of ``digests``.

    The packs that hold them are written to ``staging`` as tars that hold what the other rows of all indexes name.
    Answers ``facts`` for each index, and ``packs``: old digest → the new one (file, digest, size), or None where
    nothing is left of it.
    """
    gone = pa.array(request["digests"], pa.string())
    tables = [pq.read_table(index["path"]).cast(SCHEMA) for index in request["indexes"]]
    touched = _touched(tables, gone)
    moved: dict[Place, Place] = {}
    packs: dict[str, dict[str, Any] | None] = {}
    for number, pack in enumerate(touched):
        file = Path(request["staging"]) / f"rewritten-{number}.tar"
        packs[pack] = _rewrite(Path(request["packs"][pack]), _kept(tables, pack, gone), file, moved)
    facts = [
        _index(table, gone, moved, touched, Path(index["target"]))
        for table, index in zip(tables, request["indexes"], strict=True)
    ]
    return {"packs": packs, "facts": facts}


def _touched(tables: Sequence[pa.Table], gone: pa.Array) -> list[str]:
    """The packs that hold an image that goes."""
    found: set[str] = set()
    for table in tables:
        found |= set(table.filter(pc.is_in(table["digest"], value_set=gone))["pack"].unique().to_pylist())
    return sorted(found)


def _kept(tables: Sequence[pa.Table], pack: str, gone: pa.Array) -> dict[Place, tuple[int, str]]:
    """What stays of a pack: place → method and the name it had first; what is listed as bad goes too."""
    kept: dict[Place, tuple[int, str]] = {}
    for table in tables:
        stays = pc.and_(pc.equal(table["pack"], pack), pc.invert(pc.is_in(table["digest"], value_set=gone)))
        for row in _rows(table.filter(pc.and_(stays, table["error"].is_null()))):
            kept.setdefault((pack, row["offset"], row["length"]), (row["method"], row["path"]))
    return kept


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.select(COLUMNS).to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


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


def _index(
    table: pa.Table, gone: pa.Array, moved: Mapping[Place, Place], touched: Sequence[str], target: Path
) -> dict[str, Any]:
    """Writes one index anew; what was listed as bad in a pack that is written anew is not in it any more."""
    before = len(table)
    is_touched = pc.is_in(table["pack"], value_set=pa.array(touched, pa.string()))
    goes = pc.or_(pc.is_in(table["digest"], value_set=gone), pc.and_(is_touched, table["error"].is_valid()))
    erased = pc.sum(pc.and_(pc.is_in(table["digest"], value_set=gone), table["error"].is_null())).as_py() or 0
    table = table.filter(pc.invert(pc.fill_null(goes, False)))
    places = [moved.get((row["pack"], row["offset"], row["length"])) for row in _rows(table)]
    for position, name in enumerate(("pack", "offset", "length")):
        old = table[name].to_pylist()
        table = _replaced(table, name, [p[position] if p else o for p, o in zip(places, old, strict=True)])
    methods = table["method"].to_pylist()
    table = _replaced(table, "method", [0 if p else m for p, m in zip(places, methods, strict=True)])
    facts = write_index([table], target)
    return {"erased": erased, "removed": before - len(table), **facts.to_json()}


def _replaced(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    column = SCHEMA.get_field_index(name)
    return table.set_column(column, SCHEMA.field(name), pa.array(values, SCHEMA.field(name).type))
