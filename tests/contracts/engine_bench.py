"""A place to try an engine: what it makes there is removed."""

import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

from modelyard.rooms.runs.ports import Container, ContainerSpec, Engine, Image, State

T = TypeVar("T")

MIB = 1024**2
DEADLINE = 60.0
"""Seconds after which a wait in a test counts as failed; nothing normally takes a second."""


class Bench:
    """An engine with an image on it and a way to start scripts; removes what it made."""

    def __init__(self, engine: Engine, image: Image) -> None:
        self.engine = engine
        self.image = image
        self.tag = secrets.token_hex(4)

    def spec(self, script: str | None = None, **fields: Any) -> ContainerSpec:
        """A spec of its own name that runs ``script`` in the image's shell; without one, the image's command."""
        fields.setdefault("name", f"t-{self.tag}-{secrets.token_hex(4)}")
        fields.setdefault("image", self.image)
        fields.setdefault("command", None if script is None else ["/bin/sh", "-c", script])
        fields["labels"] = {"bench": self.tag, **fields.get("labels", {})}
        return ContainerSpec(**fields)

    def start(self, script: str | None = None, **fields: Any) -> Container:
        return self.engine.create(self.spec(script, **fields))

    def run(self, script: str | None = None, **fields: Any) -> tuple[Container, str]:
        """Runs to the end; returns the container and its whole log."""
        ended = self.wait(self.start(script, **fields).name)
        return ended, self.engine.logs(ended.name).decode(errors="replace")

    def wait(self, name: str) -> Container:
        ended = self.engine.wait(name, timeout=DEADLINE)
        assert ended.state is State.EXITED, f"{name} still runs; log: {self.engine.logs(name)!r}"
        return ended

    def wait_for_log(self, name: str, text: str) -> str:
        return until(lambda: log if text in (log := self.engine.logs(name).decode()) else None)

    def names(self, **labels: str) -> set[str]:
        return {container.name for container in self.engine.list({"bench": self.tag, **labels})}

    def close(self) -> None:
        for container in self.engine.list({"bench": self.tag}):
            self.engine.remove(container.name)


def until(probe: Callable[[], T | None]) -> T:
    """The first value of ``probe`` that is true; fails after ``DEADLINE``."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if value := probe():
            return value
        time.sleep(0.01)
    raise AssertionError("the condition did not come true in time")
