"""Bytes that leave: counted once, for the repository's owner, whatever becomes of a flush or a caller."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi.responses import PlainTextResponse, StreamingResponse
from sqlalchemy.orm import Session

from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.kit.ranges import count_sent
from modelyard.rooms.usage import ledger
from modelyard.rooms.usage.schemas import By, Entry
from modelyard.rooms.usage.traffic import Traffic
from rooms.datasets.shelf import collector
from rooms.usage.ledgers import account, by_kind, repository, totals
from support.server import Server
from support.waiting import until


def test_what_is_sent_is_the_owners_by_repository_and_version(db: Database) -> None:
    ada, bob = account(db), account(db, "bob")
    model, his = repository(db, ada, "m"), repository(db, bob, "h")
    traffic = Traffic(db, clock=system_clock)
    for size in (100, 50):
        traffic.count(size, repository_id=model, version=1)
    traffic.count(7, repository_id=model)
    traffic.count(9, repository_id=his)
    traffic.count(1000, repository_id=new_id())
    traffic.flush()
    traffic.flush()
    traffic.count(1, repository_id=model, version=1)
    traffic.flush()
    assert {line.version: line.quantity for line in totals(db, ada, By.VERSION)} == {None: 7, 1: 151}
    assert by_kind(db, bob) == {"bytes_out": 9}


@pytest.mark.parametrize("committed", [False, True])
def test_a_flush_that_fails_is_made_up_for_and_counts_once(
    db: Database, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    """Whether its transaction was committed before the connection broke, or not."""
    ada = account(db)
    model = repository(db, ada)
    traffic = Traffic(db, clock=system_clock)
    traffic.count(100, repository_id=model)
    record = ledger.record

    def broken(session: Session, *entries: Entry) -> int:
        if committed:
            record(session, *entries)
            session.commit()
        raise ConnectionError

    monkeypatch.setattr(ledger, "record", broken)
    with pytest.raises(ConnectionError):
        traffic.flush()
    monkeypatch.undo()
    traffic.count(10, repository_id=model)
    traffic.flush()
    assert by_kind(db, ada) == {"bytes_out": 110}


def test_only_what_was_taken_is_counted() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"12345"

    async def take(count: int) -> list[int]:
        counted: list[int] = []
        response = count_sent(StreamingResponse(chunks()), counted.append)
        assert isinstance(response, StreamingResponse)
        taken = 0
        async for _ in response.body_iterator:
            taken += 1
            if taken == count:
                break
        return counted

    assert asyncio.run(take(3)) == [5, 5]
    assert asyncio.run(take(99)) == [5] * 10
    assert isinstance(count_sent(PlainTextResponse("x"), lambda _: None), PlainTextResponse)


def test_downloads_and_clones_are_counted_for_the_owner(site: Server, tmp_path: Path) -> None:
    owner = collector(site, tmp_path, visibility="public")
    owner.ready(owner.push({"a.bin": b"x" * 100_000}))
    url = f"{owner.path}/versions/1/files/a.bin"

    def sent() -> float:
        lines = owner.http.get("/api/v1/usage").json()["items"]
        return sum(line["quantity"] for line in lines if line["kind"] == "bytes_out")

    assert sent() == 0
    with site.client("") as stranger:
        assert len(stranger.get(url).content) == 100_000
        assert len(stranger.get(url, headers={"Range": "bytes=99000-"}).content) == 1000
        assert stranger.head(url).status_code == 200
        etag = stranger.get(url).headers["etag"]
        assert stranger.get(url, headers={"If-None-Match": etag}).status_code == 304
    until(lambda: sent() == 201_000, seconds=60, what="what was sent is written down")
    lines = owner.http.get("/api/v1/usage", params={"by": "version"}).json()["items"]
    assert {(line["repository"], line["version"]) for line in lines if line["kind"] == "bytes_out"} == {
        (owner.path.removeprefix("/api/v1/repos/"), 1)
    }
