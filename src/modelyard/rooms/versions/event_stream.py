"""A build as server-sent events (HTML standard, section 9.2), for as long as the one who asked may read it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import problem_of
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import rules
from modelyard.rooms.versions.following import Feed, Followers
from modelyard.rooms.versions.rules import Event

AskAgain = Callable[[], Awaitable[Repository]]
"""The repository, as the one who asked may see it now; raises what their request would be answered with."""


async def follow(
    followers: Followers, repository: Repository, number: int, *, after: int, ask_again: AskAgain
) -> AsyncIterator[str]:
    """Events after ``after``: ``stage``, ``log`` (the owner's only), then ``end`` with the version, or ``gone``.

    ``gone`` carries the problem: the version was deleted, or the right to read it ended.
    """
    with followers.feed(repository.id, number) as feed:
        asked = said = time.monotonic()
        while True:
            changed = feed.changed
            for event in feed.after(after):
                after, said = event.sequence, time.monotonic()
                if repository.can_write or event.state != rules.LOG:
                    yield _format(event)
            if feed.ended:
                yield _last(feed, after)
                return
            await _wait(changed, min(asked + followers.recheck, said + followers.ping) - time.monotonic())
            now = time.monotonic()
            if now >= said + followers.ping:
                said = now
                yield ": waiting\n\n"
            if now >= asked + followers.recheck:
                try:
                    repository, asked = await ask_again(), now
                except ModelyardError as e:
                    yield _gone(e)
                    return


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            await changed.wait()


def _last(feed: Feed, after: int) -> str:
    """Raises what is no answer: the connection breaks, and whoever follows comes again."""
    if isinstance(feed.error, ModelyardError):
        return _gone(feed.error)
    if feed.error:
        raise feed.error
    assert feed.version is not None  # it has ended, so it was read
    return f"event: end\nid: {after}\ndata: {feed.version.model_dump_json()}\n\n"


def _gone(error: ModelyardError) -> str:
    return f"event: gone\ndata: {problem_of(error).model_dump_json(exclude_none=True)}\n\n"


def _format(event: Event) -> str:
    kind = "log" if event.state == rules.LOG else "stage"
    data = {"stage": event.stage, "state": event.state, "text": event.text, "at": event.at.isoformat()}
    return f"event: {kind}\nid: {event.sequence}\ndata: {json.dumps(data)}\n\n"
