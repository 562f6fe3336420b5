"""Following builds: however many follow one, its events are asked for once.

Belongs to the server's event loop. A *feed* holds what is known of one version's build for as long as somebody follows
it: the events of a build are bounded (``reporting.LOG_LIMIT``).
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from modelyard.kit.db import Database
from modelyard.rooms.versions import rules, service
from modelyard.rooms.versions.rules import Event
from modelyard.rooms.versions.schemas import Version

FIRST_PAUSE, SLOWING = 0.1, 1.5
"""Of the longest pause; by how much each is longer than the one before while nothing happens."""

Key = tuple[UUID, int]
"""A repository and the number of one of its versions."""

Read = Callable[[UUID, int, int], tuple[Version, list[Event]]]
"""Reads, in a thread, the version and some of its events after a sequence number."""


def reader(database: Database) -> Read:
    """Reads from the database, in a short session each time."""

    def read(repository_id: UUID, number: int, after: int) -> tuple[Version, list[Event]]:
        with database.read() as session:
            events = service.list_events(session, repository_id, number, after=after)
            return service.get_version(session, repository_id, number), events

    return read


class Feed:
    """A build as far as it is known. ``ended``: nothing will follow, because it ended, or because of ``error``."""

    def __init__(self) -> None:
        self.version: Version | None = None
        self.error: Exception | None = None
        self.ended = False
        self.changed = asyncio.Event()
        self.followers = 0
        self._events: list[Event] = []

    @property
    def last(self) -> int:
        """The sequence number of the newest event; 0 before the first."""
        return self._events[-1].sequence if self._events else 0

    def after(self, sequence: int) -> list[Event]:
        """The events that came after this one."""
        return [event for event in self._events if event.sequence > sequence]

    def add(self, version: Version, events: list[Event]) -> None:
        """Notes what was read; a version that had ended when there was nothing more to read has ended for good."""
        self.version = version
        self._events += events
        self.ended = version.state in rules.ENDED and not events
        if events or self.ended:
            self._announce()

    def fail(self, error: Exception) -> None:
        self.error, self.ended = error, True
        self._announce()

    def _announce(self) -> None:
        """Wakes those who wait on the ``changed`` that they took before they looked."""
        self.changed.set()
        self.changed = asyncio.Event()


class Followers:
    """``poll``: most seconds between two looks at a build, of which there are more after news; ``recheck``: how long a
    follower's right is believed, in seconds; ``ping``: after how much silence something is said, because proxies close
    what is silent."""

    def __init__(self, read: Read, *, poll: float = 0.2, recheck: float = 30.0, ping: float = 15.0) -> None:
        self.recheck = recheck
        self.ping = ping
        self._read = read
        self._poll = poll
        self._feeds: dict[Key, tuple[Feed, asyncio.Task[None]]] = {}

    @contextmanager
    def feed(self, repository_id: UUID, number: int) -> Iterator[Feed]:
        """The version's feed, shared with all who follow it now; it is looked after until the last one leaves."""
        key = (repository_id, number)
        feed = self._feeds[key][0] if key in self._feeds else self._open(key)
        feed.followers += 1
        try:
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                self._close(key, feed)

    def count(self) -> int:
        """How many follow something now."""
        return sum(feed.followers for feed, _ in self._feeds.values())

    def _open(self, key: Key) -> Feed:
        feed = Feed()
        self._feeds[key] = feed, asyncio.get_running_loop().create_task(self._look_after(key, feed))
        return feed

    def _close(self, key: Key, feed: Feed) -> None:
        known = self._feeds.get(key)
        if known and known[0] is feed:
            del self._feeds[key]
            known[1].cancel()

    async def _look_after(self, key: Key, feed: Feed) -> None:
        """Reads until the build has ended; who comes after that opens a feed anew, for it may have been retried."""
        try:
            pause = 0.0
            while not feed.ended:
                version, events = await run_in_threadpool(self._read, *key, feed.last)
                feed.add(version, events)
                pause = 0.0 if events else max(self._poll * FIRST_PAUSE, min(pause * SLOWING, self._poll))
                if not feed.ended:
                    await asyncio.sleep(pause)
        except Exception as e:  # whatever it is, it is the followers' to answer
            feed.fail(e)
        finally:
            if (known := self._feeds.get(key)) and known[0] is feed:
                del self._feeds[key]
