"""Where the command line keeps how to reach servers: ``~/.config/modelyard/credentials.json``, for its owner only.

``MODELYARD_URL`` and ``MODELYARD_TOKEN`` win over the file. The unfinished uploads are remembered beside caches.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard_client import NotSignedIn
from modelyard_client.logins import URL_VARIABLE, Login, find_login, login_file, read_file

__all__ = ["URL_VARIABLE", "RememberedUploads", "current_login", "forget_login", "known_url", "save_login"]


def current_login() -> Login:
    """Raises ``CommandError`` when no server is known."""
    try:
        return find_login()
    except NotSignedIn as e:
        raise CommandError(e.detail, remedy=e.remedy, code=ExitCode.NOT_SIGNED_IN) from e


def known_url() -> str | None:
    return os.environ.get(URL_VARIABLE) or read_file(login_file()).get("current")


def save_login(url: str, *, username: str, token: str) -> Path:
    """Makes it the current server; returns where that was written."""
    saved = read_file(login_file())
    saved.setdefault("servers", {})[url] = {"username": username, "token": token}
    saved["current"] = url
    _write(login_file(), saved)
    return login_file()


def forget_login(url: str) -> bool:
    """Says whether there was anything to forget."""
    saved = read_file(login_file())
    known = saved.get("servers", {}).pop(url, None)
    if saved.get("current") == url:
        saved.pop("current")
    _write(login_file(), saved)
    return known is not None


class RememberedUploads:
    """Unfinished uploads, so that the next push continues them (``modelyard_client.uploads.UploadMemory``)."""

    def __init__(self) -> None:
        self._path = _home("XDG_CACHE_HOME", ".cache") / "uploads.json"

    def find(self, key: str) -> str | None:
        return read_file(self._path).get(key)

    def keep(self, key: str, address: str) -> None:
        _write(self._path, {**read_file(self._path), key: address})

    def forget(self, key: str) -> None:
        _write(self._path, {k: v for k, v in read_file(self._path).items() if k != key})


def _home(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / otherwise) / "modelyard"


def _write(path: Path, value: dict[str, Any]) -> None:
    """Replaces the file at once; ``mkstemp`` makes it readable for its owner only (0600)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=2)
    Path(name).replace(path)
