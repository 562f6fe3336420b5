"""Whether the program that a container is to run is there.

With an init process in front, the engine starts a container whose program is missing as if nothing were wrong.
"""

from posixpath import join

from docker import APIClient

from modelyard.adapters.engines.docker.connection import TIMEOUT_S
from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import ContainerSpec

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ProgramCheck:
    """Looks once per image and program, and remembers what it found."""

    def __init__(self) -> None:
        self._found: set[tuple[str, str]] = set()

    def check(self, api: APIClient, container: str, spec: ContainerSpec) -> None:
        """Raises ``EngineRefused`` when the container's program is nowhere on its PATH."""
        program = _program(spec)
        if program is None:
            raise EngineRefused("Neither the image nor the container says what to run.", field="command")
        if (spec.image.digest, program) in self._found:
            return
        if not any(_exists(api, container, path) for path in _candidates(spec, program)):
            raise EngineRefused(f"The image has no program {program}.", field="command")
        self._found.add((spec.image.digest, program))


def _program(spec: ContainerSpec) -> str | None:
    image = spec.image.config.get("config", {})
    words = spec.command if spec.command is not None else [*(image.get("Entrypoint") or []), *(image.get("Cmd") or [])]
    return words[0] if words else None


def _candidates(spec: ContainerSpec, program: str) -> list[str]:
    image = spec.image.config.get("config", {})
    if "/" in program:
        return [join(image.get("WorkingDir") or "/", program)]
    env = dict(item.partition("=")[::2] for item in image.get("Env") or []) | dict(spec.env)
    return [join(folder or "/", program) for folder in env.get("PATH", DEFAULT_PATH).split(":")]


def _exists(api: APIClient, container: str, path: str) -> bool:
    """HEAD /containers/{id}/archive; docker-py has only the GET, which sends the whole file."""
    url = f"{api.base_url}/v{api.api_version}/containers/{container}/archive"
    return api.head(url, params={"path": path}, timeout=TIMEOUT_S).status_code == 200
