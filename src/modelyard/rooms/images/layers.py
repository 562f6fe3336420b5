"""The cache of layers: what a layer was made from → its digest. The layers themselves are blobs.

An entry is trusted only while the store still holds the blob, so the cache may be deleted, or the blob collected, at
any time: the layer is then made again, with the same digest.
"""

import fcntl
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images.schemas import LayerRef
from modelyard.rooms.images.tars import CHUNK, Content, Entry, read_entries, tar_chunks

INLINE_BYTES = 4 * 1024**2
DRAFT = ".new-"


class LayerCache:
    """Remembers layers by key, in one small file each under ``folder``. Safe among threads and processes."""

    def __init__(self, folder: Path, blobs: BlobStore) -> None:
        self.folder = folder
        self.blobs = blobs

    def get(self, key: str) -> LayerRef | None:
        """The layer of that key, where it is known and the store still holds it."""
        document = self.read("layers", key)
        if document is None:
            return None
        layer = LayerRef(**document)
        return layer if self.blobs.stat(layer.digest) else None

    def make(self, key: str, title: str, entries: Callable[[], Iterable[Entry]]) -> LayerRef:
        """The layer of that key; it is made from ``entries`` where it is not known. One maker at a time per key."""
        if layer := self.get(key):
            return layer
        with self.exclusive(f"layer-{key}"):
            if layer := self.get(key):
                return layer
            stored = self.blobs.put(tar_chunks(entries()))
            layer = LayerRef(stored.digest, stored.size, title)
            self.write("layers", key, {"digest": layer.digest, "size": layer.size, "title": title})
            return layer

    def read(self, kind: str, key: str) -> dict[str, Any] | None:
        """A remembered JSON object, or None; one that cannot be read counts as forgotten."""
        try:
            document = json.loads((self.folder / kind / f"{key}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def write(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Remembers a JSON object, all or nothing."""
        folder = self.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=DRAFT)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file)
        Path(name).replace(folder / f"{key}.json")

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Holds a lock of that name among all threads and processes that use this cache."""
        folder = self.folder / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A fresh folder beside the cache, removed at the end; one whose process died goes with ``clean``."""
        folder = self.folder / "work"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name, _opened(Path(name)) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Path(name)

    def clean(self) -> None:
        """Removes what processes that died had begun to write, and their workspaces; those in use are locked and stay.

        To be called while nobody writes.
        """
        for draft in self.folder.glob(f"*/{DRAFT}*"):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink()
        for folder in (self.folder / "work").glob("*"):
            with _opened(folder) as descriptor:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class BlobFile(io.RawIOBase):
    """A blob as a file to read and seek in, so that a stored tar can be indexed without a copy."""

    def __init__(self, blobs: BlobStore, digest: str, size: int) -> None:
        self._blobs, self._digest, self._size, self._at = blobs, digest, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        data = b"".join(self._blobs.open(self._digest, offset=self._at, length=wanted))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def stored_entries(blobs: BlobStore, layer: LayerRef) -> Iterator[Entry]:
    """The entries of a stored layer; small layers are read at once, of large ones each content when it is written."""
    if layer.size <= INLINE_BYTES:
        data = b"".join(blobs.open(layer.digest))
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            yield from read_entries(archive, lambda info: data[info.offset_data : info.offset_data + info.size])
        return
    file = io.BufferedReader(BlobFile(blobs, layer.digest, layer.size), CHUNK)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        yield from read_entries(archive, partial(_content, blobs, layer))


def _content(blobs: BlobStore, layer: LayerRef, info: tarfile.TarInfo) -> Content:
    return lambda: blobs.open(layer.digest, offset=info.offset_data, length=info.size)
