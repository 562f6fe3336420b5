"""Following builds: one look for all who follow, and none for those who may not look any more."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from modelyard.apps.server import create_api
from modelyard.kit.clock import Clock, system_clock
from modelyard.kit.db import Database
from modelyard.kit.http import provide
from modelyard.kit.ids import new_id
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import ANONYMOUS, Principal, Role, Scope, Via
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import NewRepository, RepositoryChange
from modelyard.rooms.versions import event_stream, service, store
from modelyard.rooms.versions.errors import VersionMissing
from modelyard.rooms.versions.following import Followers, reader
from modelyard.rooms.versions.rules import Event, VersionState
from support.waiting import until

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Build:
    """A version that builds for ever in a public repository, on a site where nothing else is."""

    database: Database
    owner: Principal
    repository: Any
    followers: Followers
    client: TestClient
    options: RepositoryOptions

    def token(self, username: str) -> tuple[UUID, UUID, str]:
        """A new account and a token of it: their ids, and the secret."""
        with self.database.write() as session:
            account = accounts.create_account(session, username=username, password="a long one", role=Role.CREATOR)
            made = accounts.create_token(session, account_id=account.id, name="t", scopes=[Scope.READ], lifetime=None)
        return account.id, made.id, made.secret

    def follow(self, secret: str, *, then: Callable[[], object]) -> list[tuple[str, dict[str, Any]]]:
        """Follows in a thread, does ``then`` once it does, and returns the events when the stream has ended."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        with ThreadPoolExecutor() as pool:
            address = f"/api/v1/repos/{self.repository.address}/versions/1/events"
            got = pool.submit(self.client.get, address, headers=headers)
            until(lambda: self.followers.count() == 1 or got.done(), what="the follower")
            then()
            return told(got.result(timeout=30).text)

    def change(self, visibility: Visibility) -> None:
        with self.database.write() as session:
            change = RepositoryChange(visibility=visibility)
            repos.change_repository(
                session, principal=self.owner, repository=self.repository, change=change, clock=system_clock
            )


def told(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(name, data) of each event in a stream."""
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


@pytest.fixture
def build(db: Database, tmp_path: Path) -> Build:
    options, followers = RepositoryOptions(tmp_path), Followers(reader(db), poll=0.01, recheck=0.05)
    app = create_api()
    for kind, part in (
        (Database, db),
        (Clock, system_clock),
        (AccountOptions, AccountOptions(public_url="http://testserver")),
        (Followers, followers),
    ):
        provide(app, kind, part)  # type: ignore[arg-type]
    with db.write() as session:
        account = accounts.create_account(session, username="ada", password="a long one", role=Role.CREATOR)
        owner = Principal(account.id, "ada", Role.CREATOR, frozenset(Scope), Via.SESSION)
        wanted = NewRepository(name="r", visibility=Visibility.INTERNAL)
        repository = repos.create_repository(
            session, principal=owner, wanted=wanted, options=options, clock=system_clock
        )
        store.insert(session, _row(repository.id, account.id))
    return Build(db, owner, repository, followers, TestClient(app), options)


def _row(repository_id: UUID, owner_id: UUID) -> dict[str, Any]:
    project = {"target": {"module": "m", "class": None, "function": "f"}}
    facts = {"state": "building", "attempt": 1, "commit_id": "0" * 40, "platforms": ["linux/amd64"]}
    texts = {"signature": {}, "card": {}, "project": project, "created_at": NOW, "pushed_by": owner_id}
    return {"id": new_id(), "repository_id": repository_id, "number": 1} | facts | texts


def test_a_stream_ends_when_the_token_is_revoked(build: Build) -> None:
    account, token, secret = build.token("eve")

    def revoke() -> None:
        with build.database.write() as session:
            accounts.revoke_token(session, account_id=account, token_id=token, by=ANONYMOUS)

    name, problem = build.follow(secret, then=revoke)[-1]
    assert (name, problem["code"], problem["status"]) == ("gone", "invalid_token", 401)
    assert build.followers.count() == 0


def test_a_stream_ends_when_the_repository_is_not_theirs_to_see_any_more(build: Build) -> None:
    _, _, secret = build.token("eve")
    events = build.follow(secret, then=lambda: build.change(Visibility.PRIVATE))
    assert (events[-1][0], events[-1][1]["code"]) == ("gone", "repository_missing")
    again = build.client.get(
        f"/api/v1/repos/{build.repository.address}/versions/1/events", headers={"Authorization": f"Bearer {secret}"}
    )
    assert again.status_code == 404


def test_a_stream_ends_when_the_version_is_deleted(build: Build) -> None:
    _, _, secret = build.token("eve")

    def delete() -> None:
        with build.database.write() as session:
            row = store.find(session, build.repository.id, 1)
            assert row
            store.delete(session, row.id)

    events = build.follow(secret, then=delete)
    assert (events[-1][0], events[-1][1]["code"]) == ("gone", "version_missing")


def test_a_right_that_stays_is_asked_for_again_and_changes_nothing(build: Build) -> None:
    _, _, secret = build.token("eve")
    asked = Counter[str]()
    sa.event.listen(build.database.engine, "before_cursor_execute", lambda *a: asked.update(_tables(a[2])))

    def end() -> None:
        before = asked["tokens"]
        until(lambda: asked["tokens"] > before + 2, what="the right to be asked for again")
        with build.database.write() as session:
            row = store.find(session, build.repository.id, 1)
            assert row
            row.state = "failed"

    events = build.follow(secret, then=end)
    assert (events[-1][0], events[-1][1]["state"]) == ("end", "failed")


def _tables(statement: str) -> list[str]:
    return re.findall(r"FROM (\w+)", statement)


class Script:
    """What a build's reader reads, step by step; counts how often it was asked."""

    def __init__(self, version: Any, steps: list[list[Event]]) -> None:
        self.version = version
        self.steps = steps
        self.asked = 0

    def __call__(self, _repository_id: UUID, _number: int, after: int) -> tuple[Any, list[Event]]:
        self.asked += 1
        known = [event for step in self.steps[: self.asked] for event in step]
        state = VersionState.READY if self.asked >= len(self.steps) else VersionState.BUILDING
        return self.version.model_copy(update={"state": state}), [e for e in known if e.sequence > after]


def event(sequence: int, state: str = "running") -> Event:
    return Event(sequence, 1, "base", state, f"no {sequence}", NOW)


def test_many_followers_are_one_look_at_the_database(build: Build) -> None:
    with build.database.read() as session:
        version = service.get_version(session, build.repository.id, 1)
    script = Script(version, [[event(1)], [event(2, "log"), event(3)], [], [event(4)], []])

    async def follow_all() -> list[list[str]]:
        followers = Followers(script, poll=0.001)

        async def one(after: int) -> list[str]:
            stream = event_stream.follow(followers, build.repository, 1, after=after, ask_again=never)
            return [text.split("\n")[0].removeprefix("event: ") async for text in stream]

        return await asyncio.gather(*(one(after) for after in (0, 0, 0, 0, 2)))

    *whole, resumed = asyncio.run(follow_all())
    assert whole == [["stage", "log", "stage", "stage", "end"]] * 4
    assert resumed == ["stage", "stage", "end"]
    assert script.asked == len(script.steps)


async def never() -> Any:
    raise AssertionError("nothing lasted so long that it had to be asked again")


def test_a_reader_that_fails_fails_all_and_the_next_one_begins_anew(build: Build) -> None:
    def missing(*_: object) -> Any:
        raise VersionMissing("There is no v1.")

    async def follow_twice() -> list[str]:
        followers = Followers(missing, poll=0.001)
        last = []
        for _ in range(2):
            stream = event_stream.follow(followers, build.repository, 1, after=0, ask_again=never)
            last += [text.split("\n")[0] async for text in stream]
        assert followers.count() == 0
        return last

    assert asyncio.run(follow_twice()) == ["event: gone"] * 2
