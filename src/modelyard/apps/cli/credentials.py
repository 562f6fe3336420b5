"""Where the command line keeps how to reach servers: ``~/.config/modelyard/credentials.json``, for its owner only.

``MODELYARD_URL`` and ``MODELYARD_TOKEN`` win over the file. The unfinished uploads are remembered beside caches.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.apps.cli.exits import CommandError, ExitCode

URL_VARIABLE = "MODELYARD_URL"
TOKEN_VARIABLE = "MODELYARD_TOKEN"  # noqa: S105 (a name)


@dataclass(frozen=True, slots=True)
class Login:
    """A server and the token for it; no token: as anybody."""

    url: str
    token: str | None


def current_login() -> Login:
    """Raises ``CommandError`` when no server is known."""
    saved = _read(_file())
    url = os.environ.get(URL_VARIABLE) or saved.get("current")
    if not url:
        raise CommandError(
            "No server is known.",
            remedy=f"Run `modelyard login URL`, or set {URL_VARIABLE}.",
            code=ExitCode.NOT_SIGNED_IN,
        )
    url = url.rstrip("/")
    token = os.environ.get(TOKEN_VARIABLE) or saved.get("servers", {}).get(url, {}).get("token")
    return Login(url, token)


def known_url() -> str | None:
    return os.environ.get(URL_VARIABLE) or _read(_file()).get("current")


def save_login(url: str, *, username: str, token: str) -> Path:
    """Makes it the current server; returns where that was written."""
    saved = _read(_file())
    saved.setdefault("servers", {})[url] = {"username": username, "token": token}
    saved["current"] = url
    _write(_file(), saved)
    return _file()


def forget_login(url: str) -> bool:
    """Says whether there was anything to forget."""
    saved = _read(_file())
    known = saved.get("servers", {}).pop(url, None)
    if saved.get("current") == url:
        saved.pop("current")
    _write(_file(), saved)
    return known is not None


class RememberedUploads:
    """Unfinished uploads, so that the next push continues them (``modelyard_client.uploads.UploadMemory``)."""

    def __init__(self) -> None:
        self._path = _home("XDG_CACHE_HOME", ".cache") / "uploads.json"

    def find(self, key: str) -> str | None:
        return _read(self._path).get(key)

    def keep(self, key: str, address: str) -> None:
        _write(self._path, {**_read(self._path), key: address})

    def forget(self, key: str) -> None:
        _write(self._path, {k: v for k, v in _read(self._path).items() if k != key})


def _file() -> Path:
    return _home("XDG_CONFIG_HOME", ".config") / "credentials.json"


def _home(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / otherwise) / "modelyard"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as e:
        raise CommandError(f"{path} cannot be read: {e}.", remedy="Repair or remove it.") from e
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    """Replaces the file at once; ``mkstemp`` makes it readable for its owner only (0600)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=2)
    Path(name).replace(path)
