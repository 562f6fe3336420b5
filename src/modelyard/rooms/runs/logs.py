"""Logs of runs: while one is under way a file that grows, afterwards a blob."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from modelyard.kit.db import Database
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs import service
from modelyard.rooms.runs.attempts import attempt_folder
from modelyard.rooms.runs.watching import LOG_FILE

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class LogTools:
    """Where logs are: ``scratch`` has the folders of attempts that are under way."""

    database: Database
    blobs: BlobStore
    scratch: Path


def read_live(tools: LogTools, run_id: UUID, attempt: int, offset: int) -> bytes | None:
    """Some bytes of an attempt that is under way, from ``offset``; None where there is no such log (any more)."""
    try:
        descriptor = os.open(attempt_folder(tools.scratch, run_id.hex, attempt) / LOG_FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.pread(descriptor, CHUNK, offset)
    finally:
        os.close(descriptor)


def read_kept(tools: LogTools, run_id: UUID, offset: int) -> bytes:
    """Some bytes of the log of a run that has ended, from ``offset``."""
    with tools.database.read() as session:
        blob = service.open_log(session, blobs=tools.blobs, run_id=run_id, offset=offset, length=CHUNK)
    return b"".join(blob.chunks) if blob else b""


def read_all(tools: LogTools, run_id: UUID, attempt: int, *, is_over: bool) -> bytes:
    """The whole log so far; logs are bounded (``ports.Limits.log_bytes``)."""
    parts: list[bytes] = []
    size = 0
    while data := (None if is_over else read_live(tools, run_id, attempt, size)) or read_kept(tools, run_id, size):
        parts.append(data)
        size += len(data)
    return b"".join(parts)


def cut_whole(data: bytes) -> bytes:
    """The lines of ``data`` that are whole; all of it where it is long and has none, but no letter in two."""
    lines = data[: data.rfind(b"\n") + 1]
    if lines or len(data) < CHUNK:
        return lines
    return cut_letters(data)


def cut_letters(data: bytes) -> bytes:
    """``data`` without the beginning of a UTF-8 sequence at its end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte < 0x80 else 2 if byte >> 5 == 0b110 else 3 if byte >> 4 == 0b1110 else 4
        return data if length <= back else data[:-back]
    return data
