"""Fetching from the boxes what they predicted. A box has no network: the server asks, over the box's own socket.

What is not stored yet stays in the box's bounded memory: an outage of the server or its database loses nothing until
that is full, and what is lost then is counted.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from modelyard.rooms.predictions import service as predictions
from modelyard.rooms.serving import store
from modelyard.rooms.serving.connection import request_head
from modelyard.rooms.serving.errors import BoxTimeout, BoxUnreachable
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.upstream import Upstream

PATH = b"/-/records"
ANSWER_S = 5.0
LARGEST = 8 * 1024**2
ROUNDS = 20
"""A box is a stranger's code, which could always say that there is more."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """``last`` is the number of the last record that is stored now; ``more`` says whether the box has others."""

    last: int
    more: bool


def keeps_inputs(tools: FleetTools, repository_id: UUID) -> bool:
    """Whether the deployment wants inputs and outputs kept; in a thread."""
    with tools.database.read() as session:
        row = store.deployment(session, repository_id)
        return row is not None and row.keep_inputs


async def fetch(upstream: Upstream, *, stored: int, keep_inputs: bool) -> bytes | None:
    """What the box says it predicted after record ``stored``; None where it has none, or does not speak of it."""
    body = json.dumps({"stored": stored, "keep_inputs": keep_inputs}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    try:
        async with asyncio.timeout(ANSWER_S):
            connection = await upstream.connect()
            try:
                await connection.send(request_head(b"POST", PATH, headers, chunked=False), body, framed=True)
                answer = await connection.answer(within=ANSWER_S)
                whole = bytearray()
                async for chunk in answer.chunks():
                    whole += chunk
                    if len(whole) > LARGEST:
                        return None
                return bytes(whole) if answer.status == 200 else None
            finally:
                upstream.give_back(connection)
    except (BoxTimeout, BoxUnreachable, TimeoutError):
        return None


def keep(tools: FleetTools, box: Box, answer: bytes, *, stored: int, keep_inputs: bool) -> Fetched | None:
    """Stores what a box said; in a thread. None for what no box of ours would say."""
    said = _read(answer)
    if said is None or said["last"] < stored:
        return None
    if said["records"] or said["dropped"]:
        with tools.database.write() as session:
            predictions.store_reports(
                session,
                repository_id=box.repository_id,
                version=box.version,
                reports=said["records"],
                keep_inputs=keep_inputs,
                now=tools.clock(),
            )
            row = store.replica(session, box.id)
            if row is not None:
                row.dropped_predictions = said["dropped"]
    return Fetched(said["last"], bool(said["more"]) and said["last"] > stored)


def _read(answer: bytes) -> dict[str, Any] | None:
    said: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        said = json.loads(answer)
    if not isinstance(said, dict) or not isinstance(said.get("records"), list):
        return None
    numbers = (said.get("last"), said.get("dropped"))
    return said if all(type(n) is int and 0 <= n < 2**53 for n in numbers) and "more" in said else None
