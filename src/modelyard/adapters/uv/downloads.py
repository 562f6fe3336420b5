"""Fetches wheels: over HTTP with the operator's credentials and certificates, or from the operator's folders."""

import hashlib
import os
import shutil
import ssl
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from modelyard.adapters.uv.settings import PackageIndexes
from modelyard.rooms.images.errors import IndexUnavailable, LockRefused, WheelRefused
from modelyard.rooms.images.schemas import Wheel

CHUNK = 1024**2
ATTEMPTS = 3
TIMEOUT = httpx.Timeout(60, connect=20)


class WheelDownloads:
    """The fetching half of a ``WheelSource``. Thread-safe; connections are kept."""

    def __init__(self, indexes: PackageIndexes) -> None:
        self._indexes = indexes

    def fetch(self, wheel: Wheel, target: Path, *, on_bytes: Callable[[int], None]) -> None:
        """See ``ports.WheelSource``."""
        partial = target.with_name(f".{target.name}.partial")
        try:
            self._copy(wheel, partial, on_bytes)
            if _sha256(partial) != wheel.sha256:
                raise WheelRefused(
                    f"{wheel.filename} does not have the hash of the lock.",
                    remedy="Build a new version to resolve anew.",
                )
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _copy(self, wheel: Wheel, target: Path, on_bytes: Callable[[int], None]) -> None:
        if urlsplit(wheel.url).scheme == "file":
            shutil.copyfile(self._local(wheel), target)
            on_bytes(target.stat().st_size)
            return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._download(wheel, target, on_bytes)
                return
            except httpx.HTTPError as e:
                if attempt == ATTEMPTS or _is_refusal(e):
                    reason = str(e) or type(e).__name__
                    raise IndexUnavailable(
                        f"{wheel.filename} could not be fetched: {reason}", remedy="Try again later."
                    ) from e

    def _download(self, wheel: Wheel, target: Path, on_bytes: Callable[[int], None]) -> None:
        if self._indexes.offline:
            raise IndexUnavailable(f"{wheel.filename} is not here, and the network is switched off.")
        with target.open("wb") as file, self._client.stream("GET", wheel.url, auth=self._auth(wheel.url)) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes(CHUNK):
                file.write(chunk)
                on_bytes(len(chunk))

    def _local(self, wheel: Wheel) -> Path:
        """The file of a ``file:`` address, if it lies in a folder that the operator configured."""
        path = Path(unquote(urlsplit(wheel.url).path)).resolve()
        roots = [root for place in self._indexes.urls() if (root := _folder(place))]
        if path.is_file() and any(path.is_relative_to(root) for root in roots):
            return path
        raise LockRefused(f"{wheel.filename} is locked to a file that is not in a configured folder.")

    def _auth(self, url: str) -> httpx.BasicAuth | None:
        """The credentials configured for an index on the same host."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        for configured in self._indexes.urls():
            parts = urlsplit(configured)
            if parts.username and parts.netloc.rpartition("@")[2] == host:
                return httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
        return None

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=TIMEOUT, follow_redirects=True, verify=_certificates(self._indexes.ca_bundle))


def _certificates(bundle: Path | None) -> ssl.SSLContext:
    """The operator's bundle, else the one named by the environment or the system's."""
    return ssl.create_default_context(cafile=str(bundle) if bundle else os.environ.get("SSL_CERT_FILE"))


def _folder(place: str) -> Path | None:
    """The folder that a configured place is, if any; files of a ``file:`` index lie beside its ``simple`` pages."""
    parts = urlsplit(place)
    if parts.scheme not in ("", "file"):
        return None
    folder = Path(unquote(parts.path)).resolve()
    return folder.parent if folder.name == "simple" else folder


def _is_refusal(error: httpx.HTTPError) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
