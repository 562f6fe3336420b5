"""Fetching the files of a dataset or a run: resumed where a download broke off, checked against their digests."""

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote

import httpx

from modelyard_client.errors import ClientError, Refused, ServerFailed, Unreachable
from modelyard_client.transport import API, PAUSES_S, Transport

PIECE = 1024 * 1024
TIMEOUT = httpx.Timeout(300.0, connect=10.0)

Progress = Callable[[int, int], None]


def fetch_file(
    transport: Transport, address: str, number: int, entry: dict[str, Any], target: Path, *, progress: Progress
) -> None:
    """Fetches one file of a version (``entry`` of its list of files) to ``target``, as ``fetch_listed`` does."""
    folder = f"{API}/repos/{address}/versions/{number}/files"
    fetch_listed(transport, folder, entry, target, progress=progress)


def fetch_listed(
    transport: Transport, folder: str, entry: Mapping[str, Any], target: Path, *, progress: Progress
) -> None:
    """Fetches a file with ``path``, ``size`` and ``digest`` from below the server's ``folder`` to ``target``; one that
    is there already, whole, is left alone. Raises ``ServerFailed`` where what came has another digest: it is not kept.
    """
    if target.is_file() and target.stat().st_size == entry["size"] and _digest(target) == entry["digest"]:
        progress(entry["size"], entry["size"])
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    path = f"{folder}/{quote(entry['path'])}"
    partial = target.with_name(f"{target.name}.{entry['digest'][7:19]}.partial")
    _fetch(transport, path, {}, partial, progress)
    _require(partial, _digest(partial) == entry["digest"])
    partial.replace(target)


def fetch_archive(
    transport: Transport,
    address: str,
    number: int,
    form: str,
    entries: list[dict[str, Any]],
    target: Path,
    *,
    progress: Progress,
) -> None:
    """Fetches a whole version as a zip or tar; every file in it is checked against the version's list of files."""
    path, params = f"{API}/repos/{address}/versions/{number}/archive", {"format": form}
    etag = transport.send("HEAD", path, params=params).headers["etag"].strip('"')
    partial = target.with_name(f"{target.name}.{etag[-12:]}.partial")
    _fetch(transport, path, params, partial, progress)
    digests = dict(_zip_digests(partial) if form == "zip" else _tar_digests(partial))
    _require(partial, digests == {entry["path"]: entry["digest"] for entry in entries})
    partial.replace(target)


def safe_target(folder: Path, path: str) -> Path:
    """Where a file of a dataset goes below ``folder``; raises ``Refused`` for a path that leads out of it."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0]:
        raise Refused(f"The server names a file {path!r}.", code="path_unsafe", remedy="Do not trust this server.")
    return folder.joinpath(*parts)


def _fetch(transport: Transport, path: str, params: dict[str, str], partial: Path, progress: Progress) -> None:
    """Brings ``partial`` to its full length, going on where it ends; its name says which bytes it is made of."""
    failures = 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            _fetch_rest(transport, path, params, partial, before, progress)
            return
        except (Unreachable, ServerFailed, httpx.TransportError) as e:
            gained = partial.exists() and partial.stat().st_size > before
            failures = 1 if gained else failures + 1
            if failures > len(PAUSES_S):
                raise e if isinstance(e, ClientError) else transport.unreachable(e) from e
            transport.pause(PAUSES_S[failures - 1])


def _fetch_rest(
    transport: Transport, path: str, params: dict[str, str], partial: Path, start: int, progress: Progress
) -> None:
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"} if start else {"Accept-Encoding": "identity"}
    try:
        with transport.stream("GET", path, params=params, headers=headers, timeout=TIMEOUT) as response:
            resumed = response.status_code == 206
            start = start if resumed else 0
            size = start + int(response.headers["content-length"])
            with partial.open("ab" if resumed else "wb") as file:
                for chunk in response.iter_raw(PIECE):
                    file.write(chunk)
                    start += len(chunk)
                    progress(start, size)
    except Refused as e:
        if e.status != 416:  # it was whole already
            raise
    else:
        if start < size:
            raise transport.unreachable(EOFError("the connection ended too early"))


def _require(partial: Path, is_right: bool) -> None:
    if not is_right:
        partial.unlink()
        raise ServerFailed(
            f"{partial.name.rsplit('.', 2)[0]} came damaged.", code="download_damaged", remedy="Download it again."
        )


def _zip_digests(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    yield info.filename, _digest_of(member)
    except zipfile.BadZipFile:
        return  # nothing, or not all, came out


def _tar_digests(file: Path) -> Iterator[tuple[str, str]]:
    try:
        with tarfile.open(file, "r:") as archive:
            for info in archive:
                member = archive.extractfile(info)
                if member is not None:
                    yield info.name, _digest_of(member)
    except tarfile.TarError:
        return


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return _digest_of(stream)


def _digest_of(stream: IO[bytes]) -> str:
    return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"  # type: ignore[arg-type]
