"""One container from its start to its exit, whoever asked for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from modelyard.kit.clock import Clock
from modelyard.rooms.runs import rules
from modelyard.rooms.runs.errors import ContainerExists
from modelyard.rooms.runs.ports import Container, ContainerSpec, Engine, Image, Limits, Mount, State

LABEL_KIND = "io.modelyard.kind"
LABEL_RUN = "io.modelyard.run"
KIND_RUN = "run"
LOG_CHUNK = 1024**2
TIMEOUT_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Execution:
    """What is to be executed. ``folder`` has ``out``, and ``in`` where there are inputs; ``timeout`` in seconds."""

    run_id: UUID
    attempt: int
    image: Image
    folder: Path
    limits: Limits
    timeout: float
    command: Sequence[str] | None = None
    environment: Mapping[str, str] | None = None
    network: bool = False

    @property
    def name(self) -> str:
        return rules.container_name(self.run_id.hex, self.attempt)


class Watch:
    """Told what a container does while it runs. ``poll``: seconds between two looks at its log."""

    poll = 0.1

    def on_log(self, data: bytes) -> None:
        """More of its log, as it was written."""

    def look(self) -> float | None:
        """Called now and again: None lets it run, a number stops it with so many seconds of grace. May raise."""
        return None


def start_container(engine: Engine, execution: Execution) -> Container:
    """Starts it, or finds it where it was started before. Raises what the engine's ``create`` raises."""
    out = execution.folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o777)  # the container's user is not ours
    mounts = [Mount(out, "/out", read_only=False)]
    if (execution.folder / "in").is_dir():
        mounts.append(Mount(execution.folder / "in", "/in"))
    spec = ContainerSpec(
        name=execution.name,
        image=execution.image,
        command=execution.command,
        env=execution.environment or {},
        labels={LABEL_KIND: KIND_RUN, LABEL_RUN: str(execution.run_id)},
        mounts=mounts,
        limits=execution.limits,
        network=execution.network,
    )
    try:
        return engine.create(spec)
    except ContainerExists:
        return engine.wait(spec.name, timeout=0)


def follow_container(
    engine: Engine, container: Container, watch: Watch, *, timeout: float, clock: Clock, offset: int = 0
) -> Container:
    """Hands on the log, from byte ``offset``, until the container has ended; stops it when its time is over."""
    deadline = container.started_at + timedelta(seconds=timeout)
    grace = watch.look()
    while container.state is State.RUNNING and grace is None and clock() < deadline:
        container = engine.wait(container.name, timeout=watch.poll)
        offset += _hand_on(engine, container.name, offset, watch.on_log)
        grace = watch.look() if container.state is State.RUNNING else None
    if container.state is State.RUNNING:
        late = grace is None
        container = engine.stop(container.name, grace=TIMEOUT_GRACE_S if grace is None else grace)
        if late:
            container = replace(
                container, exit_code=container.exit_code or 1, reason=f"did not end within {timeout:g} s"
            )
    while read := _hand_on(engine, container.name, offset, watch.on_log):
        offset += read
    return container


def _hand_on(engine: Engine, name: str, offset: int, on_log: Callable[[bytes], None]) -> int:
    data = engine.logs(name, offset=offset, limit=LOG_CHUNK)
    if data:
        on_log(data)
    return len(data)
