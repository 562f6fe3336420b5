"""A packed dataset as an import leaves it: one zip of pictures in class folders, and its index."""

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SPLITS = ("train", "train", "test")
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("split", pa.string()),
        pa.field("pack", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("method", pa.uint8(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("mode", pa.string()),
        pa.field("error", pa.string()),
    ]
)


def picture(shade: int, side: int = 12, form: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("L", (side, side), shade).save(target, form, **options)
    return target.getvalue()


def pictures(count: int = 30, classes: tuple[str, ...] = ("cat", "dog", "owl")) -> dict[str, bytes]:
    """Path → file, in class folders; no two alike."""
    files = {f"{classes[n % len(classes)]}/{n:05}.png": picture(n % 256, side=8 + n // 256) for n in range(count)}
    return dict(sorted(files.items()))


def pack(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip that is large enough to be a blob wherever it is pushed: a zip may have anything before it."""
    buffer = io.BytesIO(bytes(1024**2))
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def rows_of(packed: bytes) -> list[dict[str, Any]]:
    """A row of the index for each file of the zip; what is no picture has an error."""
    name = f"sha256:{hashlib.sha256(packed).hexdigest()}"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.filename)
        return [_row(archive, packed, name, number, info) for number, info in enumerate(infos)]


def index(rows: list[dict[str, Any]]) -> bytes:
    good = [row for row in rows if row["error"] is None]
    classes = sorted({row["label"] for row in good if row["label"]})
    counts = {name: sum(row["label"] == name for row in good) for name in classes}
    told = {"classes": classes, "counts": counts, "splits": {}, "duplicates": 0, "errors": len(rows) - len(good)}
    target = io.BytesIO()
    table = pa.Table.from_pylist(rows, SCHEMA.with_metadata({"modelyard": json.dumps(told)}))
    pq.write_table(table, target, compression="zstd", row_group_size=65536)
    return target.getvalue()


def files_of(packed: bytes) -> dict[str, bytes]:
    """What the commit of the version holds."""
    digest = hashlib.sha256(packed).hexdigest()
    return {
        "README.md": b"# Pictures\n",
        "index.parquet": index(rows_of(packed)),
        f"packs/{digest[:16]}.zip": packed,
    }


def write(folder: Path, packed: bytes) -> tuple[Path, Path]:
    """The index and the pack as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.parquet").write_bytes(index(rows_of(packed)))
    (folder / "pack.zip").write_bytes(packed)
    return folder / "index.parquet", folder / "pack.zip"


def _row(archive: zipfile.ZipFile, packed: bytes, name: str, number: int, info: zipfile.ZipInfo) -> dict[str, Any]:
    data = archive.read(info)
    names, extra = struct.unpack("<HH", packed[info.header_offset + 26 : info.header_offset + 30])
    row = {
        "path": info.filename,
        "label": info.filename.rpartition("/")[0] or None,
        "split": SPLITS[number % len(SPLITS)],
        "pack": name,
        "offset": info.header_offset + 30 + names + extra,
        "length": info.compress_size,
        "method": info.compress_type,
        "size": info.file_size,
        "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "width": None,
        "height": None,
        "mode": None,
        "error": None,
    }
    try:
        with Image.open(io.BytesIO(data)) as image:
            return row | {"width": image.width, "height": image.height, "mode": image.mode}
    except OSError:
        return row | {"error": "This is no picture."}
