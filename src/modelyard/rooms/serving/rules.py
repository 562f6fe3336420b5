"""Serving decisions without I/O: addresses, headers that may cross, which replicas are wanted."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from urllib.parse import unquote, unquote_to_bytes
from uuid import UUID

PRODUCTION = "production"
ADDRESS = re.compile(
    r"/serve/(?P<owner>[A-Za-z0-9._-]{1,200})/(?P<name>[A-Za-z0-9._-]{1,200})"
    r"(?:@(?:v(?P<version>[1-9]\d{0,8})|(?P<alias>(?!v\d+$)[a-z][a-z0-9-]{0,38})))?"
)
TARGET = re.compile(rb"/[!-~\x80-\xff]*")

DRAIN = timedelta(seconds=30)
"""How long a replica that nothing points at any more stays, for requests under way."""

BACKOFF = timedelta(seconds=15)
BACKOFF_MAX = timedelta(minutes=8)

REQUEST_HEADERS_DROPPED = frozenset(
    b"cookie authorization proxy-authorization connection keep-alive te trailer transfer-encoding upgrade "
    b"proxy-connection host expect forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip".split()
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
CODE_DESTINATIONS = frozenset(
    b"script style worker sharedworker serviceworker audioworklet paintworklet xslt embed object".split()
)
"""What a browser says in ``Sec-Fetch-Dest`` (Fetch, section 2.2.5) when an answer is to become part of a page. A model
has this site's address, so that ``script-src 'self'`` would let our own pages run what it says."""


Key = tuple[UUID, int]
"""A repository and the number of one of its versions."""


class ReplicaState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"


ALIVE = frozenset({ReplicaState.STARTING, ReplicaState.READY})


class Callers(StrEnum):
    """Who may call a deployment: all who may read the repository, or those alone who may deploy it."""

    READERS = "readers"
    OWNER = "owner"


class Claim(Enum):
    """On whose behalf a replica is started: nobody's who waits, or a caller's, of a version or of an alias.

    Who calls an alias waits, too, while the version before answers.
    """

    UNASKED = "unasked"
    VERSION = "version"
    ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class ServeAddress:
    """``/serve/{owner}/{name}[@v3|@alias]/path`` taken apart; without a version or alias: ``production``.

    ``model`` is all before the path; ``path`` is as the caller wrote it, percent-encoded, for the box to judge.
    """

    model: str
    owner: str
    name: str
    version: int | None
    alias: str
    path: bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """A version that should be able to answer: ``warm`` replicas of it run unasked, ``most`` at the most.

    ``previous`` is the version that answers until this one is ready, where an alias was moved.
    """

    repository_id: UUID
    version: int
    warm: int
    idle_stop: timedelta
    most: int = 1
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A replica as it stands: ``last_used`` is when it last had a request (or became ready); ``busy`` how many now."""

    id: UUID
    repository_id: UUID
    version: int
    state: ReplicaState
    last_used: datetime
    busy: int


def parse_address(raw_path: bytes) -> ServeAddress | None:
    """Takes a request's path apart, as it stood in the request (percent-encoded); None for what is none."""
    parts = raw_path.split(b"/", 4)
    model = unquote(b"/".join(parts[:4]).decode("latin-1"))
    path = b"/" + parts[4] if len(parts) == 5 else b"/"
    found = ADDRESS.fullmatch(model)
    if found is None or not TARGET.fullmatch(path):
        return None
    version = int(found["version"]) if found["version"] else None
    return ServeAddress(model, found["owner"], found["name"], version, found["alias"] or PRODUCTION, path)


def is_version(alias: str) -> bool:
    """Whether a name for an alias would be taken for a version in an address."""
    return re.fullmatch(r"v\d+", alias) is not None


def request_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What of a caller's request reaches the box: nothing of the session, no hop-by-hop header (RFC 9110, 7.6.1)."""
    headers = list(headers)
    named = {n.strip().lower() for k, v in headers if k == b"connection" for n in v.split(b",")}
    return [(k, v) for k, v in headers if k not in REQUEST_HEADERS_DROPPED and k not in named]


def response_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What of the box's answer reaches the caller: known harmless headers, and those that fence it in."""
    kept = [(k, v) for k, v in ((k.lower(), v) for k, v in headers) if k in RESPONSE_HEADERS_KEPT]
    return [*kept, *ISOLATING_HEADERS]


def is_private(path: bytes) -> bool:
    """Whether a path of a box is for the platform alone."""
    return unquote_to_bytes(path).startswith(b"/-/")


def becomes_code(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a browser asks on behalf of a page that would run the answer as its own."""
    return any(k == b"sec-fetch-dest" and v.strip().lower() in CODE_DESTINATIONS for k, v in headers)


def answering_version(wanted: int, previous: int | None, ready: Collection[int]) -> int:
    """Which version answers for an alias: the one it points at, unless only the one before is ready."""
    if wanted not in ready and previous is not None and previous in ready:
        return previous
    return wanted


def to_stop(replicas: Sequence[Standing], wishes: Sequence[Wish], *, now: datetime) -> list[UUID]:
    """The replicas that may go: idle beyond their bound, more than wanted, or of a version that nothing points at."""
    wished = {_key(wish): wish for wish in wishes}
    going: list[UUID] = []
    kept: Counter[Key] = Counter()
    for replica in sorted(replicas, key=lambda r: r.last_used, reverse=True):
        key, wish = _key(replica), wished.get(_key(replica))
        ready = replica.state is ReplicaState.READY
        idle = replica.busy == 0 and now - replica.last_used > _idle_bound(key, wish, replicas, wishes)
        surplus = wish is not None and kept[key] >= wish.most
        if ready and (surplus or (idle and kept[key] >= (wish.warm if wish else 0))):
            going.append(replica.id)
        else:
            kept[key] += 1
    return going


def to_evict(replicas: Sequence[Standing], wishes: Sequence[Wish], *, claim: Claim) -> UUID | None:
    """The replica that makes room for another; None where none may go.

    Only what is idle goes, and never what is kept warm: of versions that nothing points at first, then what was used
    longest ago. What an alias points at goes for another alias alone, so that calls of ``@v1``, ``@v2``, … put out
    nothing but each other.
    """
    ready = [replica for replica in replicas if replica.state is ReplicaState.READY]
    standing = Counter(_key(replica) for replica in ready)
    warm = _pointed(wishes, standing)
    candidates = []
    for replica in ready:
        key = _key(replica)
        kept = key in warm and (claim is not Claim.ALIAS or standing[key] <= warm[key])
        if not replica.busy and not kept:
            candidates.append((key in warm, replica.last_used, replica.id))
    return min(candidates)[2] if candidates else None


def to_start(replicas: Sequence[Standing], wishes: Iterable[Wish]) -> list[tuple[Key, Claim]]:
    """One entry for each replica that is wanted and does not stand.

    Besides those kept warm, a version takes over from one that is running: moving an alias costs no cold start.
    """
    standing = Counter(_key(replica) for replica in replicas)
    missing: list[tuple[Key, Claim]] = []
    for wish in wishes:
        key, taking_over = _key(wish), wish.previous is not None and standing[wish.repository_id, wish.previous] > 0
        claim = Claim.ALIAS if taking_over and not standing[key] else Claim.UNASKED
        missing += [(key, claim)] * (max(wish.warm, int(taking_over)) - standing[key])
    return missing


def pause_after(failures: int) -> timedelta:
    """How long a version that did not start ``failures`` times in a row is left alone: 15 s, doubling to 8 minutes."""
    return min(BACKOFF * (1 << min(failures - 1, 16)), BACKOFF_MAX)


def version_before(changes: Iterable[tuple[str, int | None]], version: int) -> int | None:
    """Where rolling back leads from ``version``: None where there is nothing before it.

    ``changes`` are an alias's (verb, version), oldest first. Each ``rollback`` undoes the step before it, so that
    rolling back twice goes back two steps.
    """
    steps: list[int] = []
    for verb, pointed in changes:
        if verb == "rollback" and len(steps) > 1:
            steps.pop()
        elif pointed is not None:
            steps.append(pointed)
    return steps[-2] if len(steps) > 1 and steps[-1] == version else None


def _key(of: Wish | Standing) -> Key:
    return of.repository_id, of.version


def _pointed(wishes: Iterable[Wish], standing: Collection[Key]) -> dict[Key, int]:
    """What aliases point at and how many of it are kept warm; also what stands in for a version that is not ready."""
    pointed: dict[Key, int] = {}
    for wish in wishes:
        pointed[_key(wish)] = max(wish.warm, pointed.get(_key(wish), 0))
        if wish.previous is not None and _key(wish) not in standing:
            pointed.setdefault((wish.repository_id, wish.previous), wish.warm)
    return pointed


def _idle_bound(key: Key, wish: Wish | None, replicas: Iterable[Standing], wishes: Iterable[Wish]) -> timedelta:
    """How long a replica may be idle. One that stands in for a version that is not ready yet stays as that would."""
    if wish:
        return wish.idle_stop
    ready = {_key(replica) for replica in replicas if replica.state is ReplicaState.READY}
    waiting = (w for w in wishes if (w.repository_id, w.previous) == key and _key(w) not in ready)
    return max((w.idle_stop for w in waiting), default=DRAIN)
