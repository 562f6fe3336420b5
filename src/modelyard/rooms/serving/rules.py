"""Serving decisions without I/O: addresses, headers that may cross, which replicas are wanted."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

ALIAS = re.compile(r"[a-z][a-z0-9-]{0,38}")
PRODUCTION = "production"
ADDRESS = re.compile(
    r"/serve/(?P<owner>[^/@]+)/(?P<name>[^/@]+)(?:@(?:v(?P<version>[1-9]\d{0,8})|(?P<alias>[a-z][a-z0-9-]{0,38})))?"
    r"(?P<path>/.*)?",
    re.DOTALL,
)

DRAIN = timedelta(seconds=30)
"""How long a replica that nothing points at any more stays, for requests under way."""

REQUEST_HEADERS_DROPPED = frozenset(
    b"cookie authorization proxy-authorization connection keep-alive te trailer transfer-encoding upgrade "
    b"proxy-connection host forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip".split()
)
RESPONSE_HEADERS_KEPT = frozenset(
    b"content-type content-length content-encoding content-disposition content-language content-range accept-ranges "
    b"cache-control etag last-modified vary retry-after allow x-prediction-id inference-header-content-length".split()
)
ISOLATING_HEADERS = (
    (b"content-security-policy", b"sandbox"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)


class ReplicaState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"


ALIVE = frozenset({ReplicaState.STARTING, ReplicaState.READY})


class Callers(StrEnum):
    """Who may call a deployment: all who may read the repository, or its owner alone."""

    READERS = "readers"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class ServeAddress:
    """``/serve/{owner}/{name}[@v3|@alias]/path`` taken apart; without a version or alias: ``production``."""

    owner: str
    name: str
    version: int | None
    alias: str
    path: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A version that should be able to answer, and how many replicas of it should run unasked."""

    repository_id: UUID
    version: int
    warm: int
    idle_stop: timedelta


@dataclass(frozen=True, slots=True)
class Standing:
    """A replica as it stands: ``last_used`` is when it last had a request (or became ready); ``busy`` how many now."""

    id: UUID
    repository_id: UUID
    version: int
    state: ReplicaState
    last_used: datetime
    busy: int


def parse_address(path: str) -> ServeAddress | None:
    found = ADDRESS.fullmatch(path)
    if found is None:
        return None
    version = int(found["version"]) if found["version"] else None
    return ServeAddress(found["owner"], found["name"], version, found["alias"] or PRODUCTION, found["path"] or "/")


def request_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What of a caller's request reaches the box: nothing of the session, no hop-by-hop header (RFC 9110, 7.6.1)."""
    headers = list(headers)
    named = {n.strip().lower() for k, v in headers if k == b"connection" for n in v.split(b",")}
    return [(k, v) for k, v in headers if k not in REQUEST_HEADERS_DROPPED and k not in named]


def response_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What of the box's answer reaches the caller: known harmless headers, and those that fence it in."""
    kept = [(k, v) for k, v in ((k.lower(), v) for k, v in headers) if k in RESPONSE_HEADERS_KEPT]
    return [*kept, *ISOLATING_HEADERS]


def answering_version(wanted: int, previous: int | None, ready: Collection[int]) -> int:
    """Which version answers for an alias: the one it points at, unless only the one before is ready."""
    if wanted not in ready and previous is not None and previous in ready:
        return previous
    return wanted


def to_stop(replicas: Sequence[Standing], wishes: Mapping[tuple[UUID, int], Wish], *, now: datetime) -> list[UUID]:
    """The replicas that may go: idle beyond their bound, or of a version that nothing points at any more."""
    going: list[UUID] = []
    kept: dict[tuple[UUID, int], int] = {}
    for replica in sorted(replicas, key=lambda r: r.last_used, reverse=True):
        key = (replica.repository_id, replica.version)
        wish = wishes.get(key)
        bound = wish.idle_stop if wish else DRAIN
        warm = wish.warm if wish else 0
        idle = replica.state is ReplicaState.READY and replica.busy == 0 and now - replica.last_used > bound
        if idle and kept.get(key, 0) >= warm:
            going.append(replica.id)
        else:
            kept[key] = kept.get(key, 0) + 1
    return going


def to_start(replicas: Sequence[Standing], wishes: Iterable[Wish]) -> list[Wish]:
    """One entry for each replica that is wanted warm and does not stand."""
    standing: dict[tuple[UUID, int], int] = {}
    for replica in replicas:
        key = (replica.repository_id, replica.version)
        standing[key] = standing.get(key, 0) + 1
    return [
        wish for wish in wishes for _ in range(max(0, wish.warm - standing.get((wish.repository_id, wish.version), 0)))
    ]
