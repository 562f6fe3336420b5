"""Pure decisions on datasets: kinds of data, media types, the digest of a list of files."""

import hashlib
import mimetypes
from collections.abc import Iterable, Sequence

from modelyard.rooms.datasets.errors import DatasetEmpty, DatasetFileRefused, DatasetTooLarge
from modelyard.rooms.datasets.schemas import SnapshotFile
from modelyard.rooms.sources import service as sources

MAX_FILES = 20_000
HIDDEN = frozenset({".gitattributes"})
"""Git's own notes on which files are large; they are no data."""

KINDS = {
    "table": "csv tsv parquet feather arrow xls xlsx ods json jsonl ndjson sqlite db",
    "image": "png jpg jpeg gif webp bmp tif tiff svg dcm nii",
    "audio": "wav mp3 flac ogg m4a aac",
    "video": "mp4 avi mov mkv webm",
    "text": "txt md html xml pdf rst",
    "array": "npy npz h5 hdf5 zarr mat pt safetensors",
    "archive": "zip tar gz tgz bz2 xz zst 7z",
}
KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
MEDIA_TYPES = {
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "jsonl": "application/jsonl",
    "ndjson": "application/x-ndjson",
    "md": "text/markdown",
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "bz2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zst": "application/zstd",
}


def data_types(paths: Iterable[str]) -> tuple[str, ...]:
    """What kinds of data files hold, by their names; README and licence do not count."""
    told = [
        path for path in paths if not path.rpartition("/")[2].casefold().startswith(("readme", "license", "licence"))
    ]
    return tuple(sorted({kind for path in told if (kind := KIND_OF.get(_suffix(path)))}))


def media_type(path: str) -> str:
    """By the name alone: the content is not looked at, nor may the receiver guess."""
    known = MEDIA_TYPES.get(_suffix(path))
    guessed, encoding = mimetypes.guess_type(path.rpartition("/")[2])
    return known or (guessed if guessed and not encoding else None) or "application/octet-stream"


def listing_digest(files: Iterable[SnapshotFile]) -> str:
    """One digest for all names and contents, in the order of the paths: the same for the same files."""
    hasher = hashlib.sha256()
    for file in files:
        hasher.update(f"{file.digest} {file.size} {file.path}\n".encode())
    return f"sha256:{hasher.hexdigest()}"


def check_paths(paths: Sequence[str]) -> None:
    """Raises unless these can be the files of one dataset: safe names that collide nowhere, at least one."""
    if not paths:
        raise DatasetEmpty("There is no file in it.", remedy="Push at least one file.")
    if len(paths) > MAX_FILES:
        raise DatasetTooLarge(
            f"It has {len(paths)} files; {MAX_FILES} are allowed.",
            remedy="Pack small files together, as Parquet or tar.",
        )
    for path in paths:
        if sources.is_junk(path):
            raise DatasetFileRefused(f"{path} is left by a program and no data.", remedy="Leave it out.", field="files")
    sources.check_paths(paths)


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].casefold()
