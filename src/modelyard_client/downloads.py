"""Downloads that continue where they broke off, and get their name once they are what the server's checksum says."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from modelyard_client.errors import ClientError, Refused, ServerFailed, Unreachable
from modelyard_client.transport import PAUSES_S, Transport

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole."""

SLOW = httpx.Timeout(600.0, connect=10.0)
"""What the server may have to make or read in full before it answers."""
_FILE_NAME = re.compile(r"filename\*=UTF-8''([A-Za-z0-9._%-]+)")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A complete file, whose SHA-256 (hex) is the one that the server gave."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Offer:
    """What there is to download: the strong ETag as sent, the size in bytes, the server's name for the file."""

    etag: str
    size: int
    name: str


def download(
    transport: Transport,
    path: str,
    target: Path | None = None,
    *,
    params: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Downloaded:
    """Fetches ``path`` into ``target``, or under the server's name into this folder; ``path/checksum`` must answer.

    What came of an interrupted download of the same bytes lies beside the target (``.NAME.….part``) and is continued,
    in this call and in the next. Raises ``Refused`` where the bytes are not those of the checksum, ``ClientError`` and
    ``OSError``.
    """
    params = dict(params or {})
    offer = _ask(transport, path, params)
    target = target or Path(offer.name)
    part = _part_of(target, offer)
    tell = progress or (lambda _done, _size: None)
    while True:
        try:
            _fill(transport, path, params, offer, part, tell)
            break
        except _Changed:
            offer = _ask(transport, path, params)
            part = _part_of(target, offer)
    expected = _checksum(transport, path, params, offer)
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        part.unlink()
        raise Refused(
            "What came is not what the server has: its checksum is another.",
            code="checksum_mismatch",
            remedy="Try again; if it happens again, tell the server's operator.",
        )
    part.replace(target)
    return Downloaded(target, offer.size, found)


class _Changed(Exception):
    """The server has other bytes now than when the download began."""


def _ask(transport: Transport, path: str, params: Mapping[str, str]) -> _Offer:
    headers = transport.send("HEAD", path, params=params, timeout=SLOW).headers
    name = _FILE_NAME.search(headers.get("content-disposition", ""))
    plain = Path(unquote(name[1])).name if name else ""  # nobody is made to write into another folder
    try:
        return _Offer(headers["etag"], int(headers["content-length"]), plain.lstrip(".") or "bundle.tar")
    except (KeyError, ValueError) as e:
        raise Unreachable("The answer has no size.", code="not_modelyard", remedy="Check the address.") from e


def _part_of(target: Path, offer: _Offer) -> Path:
    """Where the unfinished file lies; what is left of other bytes under this name goes."""
    mark = hashlib.sha256(offer.etag.encode()).hexdigest()[:12]
    part = target.with_name(f".{target.name}.{mark}.part")
    for other in target.parent.glob(f".{target.name}.*.part"):
        if other != part:
            other.unlink(missing_ok=True)
    return part


def _fill(
    transport: Transport, path: str, params: Mapping[str, str], offer: _Offer, part: Path, tell: Progress
) -> None:
    """Adds what the part lacks, over as many connections as it takes; gives up when several bring nothing."""
    failures = 0
    part.touch()
    while (held := part.stat().st_size) < offer.size:
        try:
            _append(transport, path, params, offer, part, tell)
        except (Unreachable, ServerFailed):
            failures = failures + 1 if part.stat().st_size == held else 1
            if failures > len(PAUSES_S):
                raise
            transport.pause(PAUSES_S[failures - 1])


def _append(
    transport: Transport, path: str, params: Mapping[str, str], offer: _Offer, part: Path, tell: Progress
) -> None:
    held = part.stat().st_size
    headers = {"Range": f"bytes={held}-", "If-Range": offer.etag}
    with (
        transport.stream("GET", path, params=params, headers=headers, timeout=SLOW) as response,
        part.open("ab") as file,
    ):
        if response.status_code != 206 or response.headers.get("etag") != offer.etag:
            raise _Changed
        for chunk in response.iter_bytes():
            held += file.write(chunk)
            tell(held, offer.size)


def _checksum(transport: Transport, path: str, params: Mapping[str, str], offer: _Offer) -> str:
    answer = transport.send("GET", f"{path}/checksum", params=params, timeout=SLOW)
    found = re.match(r"([0-9a-f]{64}) ", answer.text)
    if found is None or answer.headers.get("etag") != offer.etag:
        raise ClientError(
            "The server has another bundle now than the one that was fetched.",
            code="bundle_changed",
            remedy="Fetch it again.",
        )
    return found[1]
