"""What serving is told by the configuration."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """``sockets``: a folder with a short path for the boxes' sockets. ``max_replicas`` bounds all containers together.

    ``idle_stop`` and ``keep_warm`` are the defaults of new deployments; ``answer_timeout`` bounds the wait for the
    first byte of an answer, ``start_timeout`` that for a box to load its model. ``route_memory`` is how long it may
    take until a token that was revoked, or a right that was withdrawn, is noticed. ``trusted_creators``: accounts
    whose code may be executed where isolation is below namespaces.
    """

    sockets: Path
    max_replicas: int = 16
    idle_stop: timedelta = timedelta(minutes=30)
    keep_warm: bool = False
    start_timeout: timedelta = timedelta(seconds=300)
    answer_timeout: timedelta = timedelta(seconds=120)
    route_memory: timedelta = timedelta(seconds=1)
    trusted_creators: tuple[str, ...] = ()
