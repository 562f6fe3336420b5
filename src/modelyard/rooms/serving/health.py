"""Waiting until a box has loaded its model."""

import asyncio
import contextlib
import time

import anyio
import anyio.to_thread

from modelyard.rooms.serving import fleet
from modelyard.rooms.serving.connection import request_head
from modelyard.rooms.serving.errors import BoxTimeout, BoxUnreachable, ReplicaFailed
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.upstream import Upstream

POLL_MIN_S, POLL_MAX_S = 0.004, 0.1
POLL_SHARE = 0.02
"""A poll's pause as a share of what was waited so far: asking more often slows the start, less often the answer."""
LIFE_POLL_S = 0.25
ANSWER_S = 5.0


async def until_healthy(tools: FleetTools, box: Box, *, threads: anyio.CapacityLimiter) -> Upstream:
    """Connections to a box that has said that it can answer; raises ``ReplicaFailed`` with the reason otherwise."""
    upstream = Upstream(box.socket)
    began = checked = time.monotonic()
    limit = tools.options.start_timeout.total_seconds()
    while (waited := time.monotonic() - began) < limit:
        with contextlib.suppress(BoxUnreachable, BoxTimeout):
            if await _is_healthy(upstream):
                return upstream
        if time.monotonic() - checked > LIFE_POLL_S:
            checked = time.monotonic()
            if why := await anyio.to_thread.run_sync(fleet.why_ended, tools, box, limiter=threads):
                raise ReplicaFailed(f"The model did not start: {why}.", remedy="See the deployment's log.")
        await asyncio.sleep(min(max(waited * POLL_SHARE, POLL_MIN_S), POLL_MAX_S))
    raise ReplicaFailed(f"The model did not load within {limit:.0f} s.", remedy="See the deployment's log.")


async def _is_healthy(upstream: Upstream) -> bool:
    connection = await upstream.connect()
    try:
        await connection.send(request_head(b"GET", b"/health", (), chunked=False), b"", framed=True)
        answer = await connection.answer(within=ANSWER_S)
        async with asyncio.timeout(ANSWER_S):
            async for _ in answer.chunks():
                pass
        return answer.status == 200
    except TimeoutError as e:
        raise BoxTimeout from e
    finally:
        upstream.give_back(connection)
