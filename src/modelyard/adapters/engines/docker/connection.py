"""The connection to the engine, and its errors in our words."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException

from modelyard.rooms.runs.errors import EngineUnavailable

TIMEOUT_S = 120
AGAIN_S = 1.0

Answer = TypeVar("Answer")


class Connection:
    """Connects at first use and stays connected; thread-safe. ``url`` is ``unix:///…`` or ``tcp://…``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._client: APIClient | None = None
        self._info: dict[str, Any] | None = None

    @property
    def api(self) -> APIClient:
        with self._lock:
            if self._client is None:
                self._client = APIClient(base_url=self.url, version="auto", timeout=TIMEOUT_S)
            return self._client

    @property
    def info(self) -> dict[str, Any]:
        """What the engine says of itself (GET /info), asked once."""
        if self._info is None:
            self._info = self.api.info()
        return self._info

    @property
    def is_podman(self) -> bool:
        return "BuildahVersion" in self.info or "local" not in self.info.get("Plugins", {}).get("Log", [])

    @property
    def socket(self) -> Path | None:
        """The engine's socket on this machine; None where it is reached over a network."""
        return Path(self.url.removeprefix("unix://")) if self.url.startswith("unix://") else None

    @contextmanager
    def translated(self) -> Iterator[APIClient]:
        """Hands out the client; what it raises comes out as ``EngineUnavailable``."""
        try:
            yield self.api
        except APIError as e:
            raise EngineUnavailable(f"The container engine failed: {explain(e)}") from e
        except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as e:
            raise EngineUnavailable(
                f"The container engine at {self.url} does not answer.",
                remedy="Start it, or choose another engine in the settings.",
            ) from e


def insist(ask: Callable[[], Answer]) -> Answer:
    """Asks once more after a failure of the engine itself: one that goes down refuses too, and is gone soon after.

    What it refuses twice, it refuses for the container's sake.
    """
    try:
        return ask()
    except APIError as e:
        if not e.is_server_error():
            raise
    time.sleep(AGAIN_S)
    return ask()


def explain(error: APIError) -> str:
    """The engine's own words on what went wrong."""
    return str(error.explanation or error).strip()
