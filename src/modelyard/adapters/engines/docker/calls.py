"""Single calls of the engine's API, with what its answers mean here."""

from contextlib import suppress
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from modelyard.adapters.engines.docker.connection import explain, insist
from modelyard.rooms.runs.errors import EngineRefused


def name_is_taken(error: APIError) -> bool:
    """Docker answers 409, Podman 500."""
    return error.status_code == 409 or "already in use" in explain(error)


def start(api: APIClient, container: str) -> None:
    try:
        insist(lambda: api.start(container))
    except APIError as e:
        raise EngineRefused(f"The engine cannot start the container: {explain(e)}") from e


def read_statistics(api: APIClient, container: str) -> dict[str, Any]:
    """What the engine itself counts, while the container runs: for where its control groups are out of reach."""
    with suppress(APIError):
        return dict(api.stats(container, stream=False, one_shot=True))
    return {}


def send_signal(api: APIClient, container: str, signal: str) -> None:
    """Sends a signal, unless the container has ended meanwhile."""
    try:
        api.kill(container, signal)
    except APIError:
        with suppress(NotFound):
            if api.inspect_container(container)["State"]["Running"]:
                raise
