"""Resumable uploads: tus 1.0 (https://tus.io/protocols/resumable-upload) with creation and checksum."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

import httpx

from modelyard_client.errors import ClientError, Missing, Refused, ServerFailed, Unreachable
from modelyard_client.transport import API, PAUSES_S, Transport

CHUNK = 32 * 1024 * 1024
PIECE = 256 * 1024
TUS = {"Tus-Resumable": "1.0.0"}

Progress = Callable[[int, int], None]
"""Called with the bytes sent so far and the bytes of the whole file."""


class UploadMemory(Protocol):
    """Remembers unfinished uploads between processes, so that a push which broke off continues."""

    def find(self, key: str) -> str | None:
        """The address of the unfinished upload with this key."""

    def keep(self, key: str, address: str) -> None: ...

    def forget(self, key: str) -> None: ...


def upload_file(
    transport: Transport, path: Path, *, progress: Progress | None = None, memory: UploadMemory | None = None
) -> str:
    """Sends a file and returns the id of the finished upload. Uses constant memory, whatever the file's size.

    Broken connections are taken up where the server says it stands; each chunk goes with its SHA-256. Raises
    ``ClientError``, ``OSError`` when the file cannot be read, and ``Refused`` when it changes under way.
    """
    size = path.stat().st_size
    key = _key(transport, path) if memory else ""
    address = _continued(transport, memory, key) or _created(transport, path.name, size)
    if memory:
        memory.keep(key, address)
    with path.open("rb") as file:
        _send(transport, address, file, size, progress or (lambda _sent, _size: None))
    if memory:
        memory.forget(key)
    return address.rpartition("/")[2]


def _key(transport: Transport, path: Path) -> str:
    """The same for the same content at the same server, whatever the file is called."""
    with path.open("rb") as file:
        return f"{transport.url} {hashlib.file_digest(file, 'sha256').hexdigest()}"


def _continued(transport: Transport, memory: UploadMemory | None, key: str) -> str | None:
    address = memory.find(key) if memory else None
    if memory is None or address is None:
        return None
    try:
        _offset(transport, address)
    except (Missing, Refused):  # it expired, or was somebody else's
        memory.forget(key)
        return None
    return address


def _created(transport: Transport, name: str, size: int) -> str:
    filename = base64.b64encode(name.encode()).decode()
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {filename}"}
    response = transport.send("POST", f"{API}/uploads", repeatable=True, headers=headers)
    return urlsplit(response.headers["location"]).path


def _offset(transport: Transport, address: str) -> int:
    return int(transport.send("HEAD", address, headers=TUS).headers["upload-offset"])


def _send(transport: Transport, address: str, file: BinaryIO, size: int, progress: Progress) -> None:
    offset, failures = _offset(transport, address), 0
    while offset < size:
        progress(offset, size)
        file.seek(offset)
        chunk = file.read(min(CHUNK, size - offset))
        if not chunk:
            raise Refused(
                f"{file.name} became shorter while it was sent.", code="file_changed", remedy="Push it again."
            )
        try:
            offset = _send_chunk(transport, address, chunk, offset, lambda sent: progress(sent, size))
            failures = 0
        except (Unreachable, ServerFailed, Refused) as e:
            if failures == len(PAUSES_S) or not _may_pass(e):
                raise
            transport.pause(PAUSES_S[failures])
            offset, failures = _offset(transport, address), failures + 1
    progress(size, size)


def _may_pass(error: ClientError) -> bool:
    """Whether asking where the server stands and going on may help: a lost connection, a wrong offset or checksum."""
    return error.status in (None, 409, 423, 460, 502, 503, 504)


def _send_chunk(transport: Transport, address: str, chunk: bytes, offset: int, sent: Callable[[int], None]) -> int:
    checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
    headers = {
        **TUS,
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(len(chunk)),
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {checksum}",
    }
    body = _pieces(chunk, offset, sent)
    timeout = httpx.Timeout(300.0, connect=10.0)
    with transport.stream("PATCH", address, headers=headers, content=body, timeout=timeout) as response:
        return int(response.headers["upload-offset"])


def _pieces(chunk: bytes, offset: int, sent: Callable[[int], None]) -> Iterator[bytes]:
    view = memoryview(chunk)
    for start in range(0, len(chunk), PIECE):
        piece = view[start : start + PIECE]
        yield bytes(piece)
        sent(offset + start + len(piece))
