"""Verbs on results: what a run left, looked into or taken home as one archive."""

import hashlib
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.archives import ArchiveFormat, ArchiveStream, lay_out
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.results.errors import NothingLeft
from modelyard.rooms.results.looking import (
    ResultFile,
    ResultTools,
    describe_table,
    draw_preview,
    local_file,
    read_table,
)
from modelyard.rooms.results.rules import parse_filters
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.service import OpenOutput

__all__ = [
    "ResultFile",
    "ResultTools",
    "archive_etag",
    "describe_table",
    "draw_preview",
    "find_result",
    "local_file",
    "open_archive",
    "parse_filters",
    "read_table",
]


def find_result(session: Session, tools: ResultTools, run_id: UUID, path: str) -> ResultFile:
    """A file that a run left, to be looked into; raises ``OutputMissing``."""
    output = runs.open_output(session, blobs=tools.blobs, run_id=run_id, path=path)
    return ResultFile(run_id, output.path, output.size, output.digest)


def open_archive(
    session: Session, blobs: BlobStore, run_id: UUID, form: ArchiveFormat
) -> tuple[ArchiveStream[OpenOutput], str]:
    """All that a run left, readable from anywhere, also after the session; and its ETag. Raises ``NothingLeft``."""
    outputs = runs.open_outputs(session, blobs=blobs, run_id=run_id)
    if not outputs:
        raise NothingLeft("The run has left no files.", remedy="Look at its log.")
    return ArchiveStream(lay_out(outputs, form), _read), archive_etag(outputs, form)


def archive_etag(outputs: Sequence[OpenOutput], form: ArchiveFormat) -> str:
    """The same bytes, the same ETag: names and contents decide."""
    listing = "".join(f"{output.digest} {output.size} {output.path}\n" for output in outputs)
    return f"{form}-{hashlib.sha256(listing.encode()).hexdigest()[:32]}"


def _read(output: OpenOutput, offset: int, length: int) -> Iterator[bytes]:
    return output.read(offset, length)
