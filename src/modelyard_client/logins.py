"""Which server is meant, and as whom: ``MODELYARD_URL`` and ``MODELYARD_TOKEN``, else what ``modelyard login`` kept."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard_client.errors import NotSignedIn, Refused

URL_VARIABLE = "MODELYARD_URL"
TOKEN_VARIABLE = "MODELYARD_TOKEN"  # noqa: S105 (a name)


@dataclass(frozen=True, slots=True)
class Login:
    """A server and the token for it; no token: as anybody."""

    url: str
    token: str | None


def find_login(url: str | None = None, token: str | None = None) -> Login:
    """What is given wins over the environment, which wins over the file. A kept token goes to its own server only.

    Raises ``NotSignedIn`` when no server is known, and ``Refused`` where the file cannot be read.
    """
    saved = read_file(login_file())
    url = url or os.environ.get(URL_VARIABLE) or saved.get("current")
    if not url:
        raise NotSignedIn(
            "No server is known.",
            code="no_server",
            remedy=f"Run `modelyard login URL`, or set {URL_VARIABLE}.",
        )
    url = url.rstrip("/")
    return Login(url, token or _token_of(url, saved))


def login_file() -> Path:
    """``~/.config/modelyard/credentials.json``."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "modelyard" / "credentials.json"


def read_file(path: Path) -> dict[str, Any]:
    """What is kept in a file of JSON; empty where there is none. Raises ``Refused``."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as e:
        raise Refused(f"{path} cannot be read: {e}.", code="file_unreadable", remedy="Repair or remove it.") from e
    return found if isinstance(found, dict) else {}


def _token_of(url: str, saved: dict[str, Any]) -> str | None:
    return os.environ.get(TOKEN_VARIABLE) or saved.get("servers", {}).get(url, {}).get("token")
