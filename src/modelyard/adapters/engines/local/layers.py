"""The unpacked layers of images on this machine: each unpacked once, shared by all containers, evicted when unused.

``<root>/l/<id>`` is a layer and ``<root>/l/<id>.json`` what is known of it, written last: a layer without it does not
exist. Merged chains are kept likewise in ``m``. Names are short because the kernel bounds the options of an overlay
to a page. Nothing here is forced to disk; instead everything counts for one boot of the machine only.
"""

import contextlib
import errno
import fcntl
import gzip
import hashlib
import json
import os
import shutil
import uuid
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import zstandard

from modelyard.adapters.engines.local.links import Layer, merge
from modelyard.adapters.engines.local.untar import LayerInvalid, close_folders, remove_tree, unpack
from modelyard.kit.errors import StorageFull
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import BlobStore, LocalPaths
from modelyard.rooms.runs.errors import EngineRefused

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LOCKS = 64
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Holds a lock on a file, among threads and processes."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


class LayerStore:
    """Thread-safe and safe among processes that share ``root``."""

    def __init__(self, root: Path, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._layers, self._merged = root / "l", root / "m"
        self._trash, self._locks = root / "trash", root / "lock"
        for folder in (root, self._layers, self._merged, self._trash, self._locks):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._open_to_containers()
        with locked(self._locks / "start"):
            self._forget_other_boots()
        self._sweep()

    def ensure(self, digest: str) -> Layer:
        """The layer, unpacked if it is not yet; raises ``EngineRefused`` when it is missing or malformed."""
        name = short_name(digest)
        with self._working(), self._lock(name):
            known = self._known(digest)
            if known is None:
                known = self._unpack(digest, name)
            os.utime(self._layers / f"{name}.json")
        return known

    def ensure_all(self, digests: Sequence[str]) -> list[Layer]:
        """The layers in the same order; those missing are unpacked side by side, since the work is the kernel's."""
        if all(_read_note(self._layers / short_name(digest)) for digest in digests):
            return [self.ensure(digest) for digest in digests]
        with ThreadPoolExecutor(min(4, len(digests))) as pool:
            return list(pool.map(self.ensure, digests))

    def merged(self, layers: Sequence[Layer]) -> Path:
        """One folder with the whole chain, shared by all containers that need it; read-only."""
        name = short_name(" ".join(layer.digest for layer in layers))
        target, note = self._merged / name, self._merged / f"{name}.json"
        with self._working(), self._lock(name):
            if not note.is_file():
                staged = self._staged()
                merge(layers, staged)
                close_folders(staged)
                self._place(staged, target, {"layers": [layer.path.name for layer in layers]})
            os.utime(note)
        return target

    def evict(self, *, keep_bytes: int, used: set[str]) -> int:
        """Removes what is not named in ``used``, least recently used first, until ``keep_bytes`` are held.

        A merged chain goes before the layers whose files it shares. Returns the bytes freed. The caller makes sure
        that nothing starts meanwhile.
        """
        with self._working():
            return self._evict(keep_bytes, used)

    def _evict(self, keep_bytes: int, used: set[str]) -> int:
        held = sum(note["size"] for _, note in self._notes(self._layers))
        freed = 0
        if held <= keep_bytes:
            return 0
        for path, note in self._notes(self._merged):
            if path.name not in used and not used.intersection(note["layers"]):
                self._discard(path)
        pinned = used.union(*(note["layers"] for _, note in self._notes(self._merged)))
        for path, note in self._notes(self._layers):
            if held - freed <= keep_bytes:
                break
            if path.name not in pinned:
                self._discard(path)
                freed += note["size"]
        return freed

    def _known(self, digest: str) -> Layer | None:
        path = self._layers / short_name(digest)
        note = _read_note(path)
        if note is None:
            return None
        if note["digest"] != digest:
            raise EngineRefused(f"Layers {digest} and {note['digest']} have the same short name.")
        return Layer(digest, path, note["size"], note["removed"], note["opaque"])

    def _unpack(self, digest: str, name: str) -> Layer:
        staged = self._staged()
        try:
            with self._archive(digest) as archive:
                result = unpack(archive, staged)
        except BlobMissing as error:
            remove_tree(staged)
            raise EngineRefused(f"The layer {digest} is not in the content store.") from error
        except LayerInvalid as error:
            remove_tree(staged)
            raise EngineRefused(f"The layer {digest} cannot be unpacked: {error}.") from error
        except OSError as error:
            remove_tree(staged)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull(f"There is no room to unpack the layer {digest}.") from error
            raise
        note = {"digest": digest, "size": result.size, "removed": result.removed, "opaque": result.opaque}
        self._place(staged, self._layers / name, note)
        return Layer(digest, self._layers / name, result.size, result.removed, result.opaque)

    def _place(self, staged: Path, target: Path, note: dict[str, Any]) -> None:
        """Publishes a finished folder; what an interrupted attempt left in its place goes first."""
        if target.exists():
            self._throw_away(target)
        staged.rename(target)
        draft = self._trash / f"{uuid.uuid4().hex}.json"
        draft.write_text(json.dumps(note))
        draft.rename(target.with_name(f"{target.name}.json"))

    @contextlib.contextmanager
    def _archive(self, digest: str) -> Iterator[Path]:
        """A file with the uncompressed tar: the blob itself where that is a file and a tar already."""
        if isinstance(self._blobs, LocalPaths):
            path = self._blobs.path(digest)
            with path.open("rb") as file:
                if not file.read(4).startswith((_GZIP, _ZSTD)):
                    yield path
                    return
        staged = self._trash / uuid.uuid4().hex
        try:
            with staged.open("wb") as file:
                for chunk in self._blobs.open(digest):
                    file.write(chunk)
            _decompress(staged)
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def _staged(self) -> Path:
        """A new folder in the trash: if we die it is swept away."""
        folder = self._trash / uuid.uuid4().hex
        folder.mkdir()
        return folder

    def _discard(self, path: Path) -> None:
        path.with_name(f"{path.name}.json").unlink(missing_ok=True)
        self._throw_away(path)

    def _throw_away(self, path: Path) -> None:
        doomed = self._trash / uuid.uuid4().hex
        path.rename(doomed)
        remove_tree(doomed)

    def _notes(self, folder: Path) -> list[tuple[Path, dict[str, Any]]]:
        """What is held, least recently used first."""
        found = []
        for file in sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime):
            path = file.with_suffix("")
            note = _read_note(path)
            if note is not None:
                found.append((path, note))
        return found

    def _working(self) -> contextlib.AbstractContextManager[None]:
        """Tells other processes that something in the trash is being worked on."""
        return locked(self._locks / "work", shared=True)

    def _lock(self, name: str) -> contextlib.AbstractContextManager[None]:
        """A bounded number of lock files, never removed."""
        return locked(self._locks / str(zlib.crc32(name.encode()) % _LOCKS))

    def _forget_other_boots(self) -> None:
        """After a power cut an unpacked file may be empty: only what was unpacked since the machine started counts."""
        boot = _BOOT.read_text()
        mark = self._layers / "boot"
        if mark.exists() and mark.read_text() != boot:
            for folder in (self._layers, self._merged):
                folder.rename(self._trash / uuid.uuid4().hex)
                folder.mkdir(mode=0o700)
            self._open_to_containers()
        mark.write_text(boot)

    def _open_to_containers(self) -> None:
        """Users of containers walk through these folders; the root above them keeps everybody else out."""
        for folder in (self._layers, self._merged):
            folder.chmod(0o711)

    def _sweep(self) -> None:
        """Removes what a dead process left half-done; while anybody works, that is left for another time."""
        with (self._locks / "work").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for folder in (self._layers, self._merged):
                for path in folder.iterdir():
                    if path.is_dir() and not path.with_name(f"{path.name}.json").is_file():
                        remove_tree(path)
            for path in self._trash.iterdir():
                remove_tree(path)


def short_name(text: str) -> str:
    """Sixteen hexadecimal digits that stand for a digest or a chain of them."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_note(path: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(path.with_name(f"{path.name}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def _decompress(file: Path) -> None:
    """Replaces a compressed file by its content; an uncompressed one stays. Raises ``LayerInvalid``."""
    with file.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if not magic.startswith((_GZIP, _ZSTD)):
            return
        plain = file.with_name(f"{file.name}.tar")
        try:
            with plain.open("wb") as target, _reader(raw, magic) as source:
                shutil.copyfileobj(source, target, 1024**2)
            plain.rename(file)
        except (zstandard.ZstdError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            plain.unlink()
            raise LayerInvalid(f"its compression is broken: {error}") from error


def _reader(raw: IO[bytes], magic: bytes) -> "gzip.GzipFile | zstandard.ZstdDecompressionReader":
    if magic.startswith(_GZIP):
        return gzip.GzipFile(fileobj=raw)
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
