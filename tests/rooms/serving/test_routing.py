"""How the gateway finds out where an address leads."""

import asyncio
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fakes.blob_store import MemoryBlobStore
from fakes.engine import FakeEngine
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.feedback.uses import Uses
from modelyard.rooms.serving.fleet import FleetTools
from modelyard.rooms.serving.gateway import Gateway
from modelyard.rooms.serving.pool import Pool
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.usage.traffic import Traffic


def test_one_looks_an_address_up_for_all_who_ask_meanwhile(db: Database, tmp_path: Path) -> None:
    blobs = MemoryBlobStore()
    tools = FleetTools(db, FakeEngine(blobs), blobs, ServingOptions(tmp_path), system_clock)
    uses = Uses(db, clock=system_clock)
    traffic = Traffic(db, clock=system_clock)
    asked: list[str] = []

    @sa.event.listens_for(db.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    def statuses_of(callers: int) -> list[int]:
        return asyncio.run(_call(Gateway(Pool(tools), AccountOptions("http://localhost"), uses, traffic), callers))

    assert statuses_of(1) == [401]
    once = len(asked)
    assert once > 0
    assert statuses_of(50) == [401] * 50
    assert len(asked) == 2 * once


async def _call(gateway: Gateway, callers: int) -> list[int]:
    return await asyncio.gather(*(_status(gateway) for _ in range(callers)))


async def _status(gateway: Gateway) -> int:
    told: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        told.append(message.get("status", 0))

    path = "/serve/nobody/nothing/health"
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    await gateway(scope, receive, send)
    return told[0]
