"""How many API requests are worked on at a time.

A request may hold a database connection and need a thread again before it can let go of it (its route runs in one, its
answer is checked in another). Without a bound, as many requests as there are threads could each wait for what another
holds. So fewer are let in than there are threads, and connections for all of them; the rest wait at the door.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

AT_A_TIME = 24
THREADS = 80
"""For the requests let in, and beside them uploads, boxes, followers of builds and housekeeping."""

BODIES_AS_THEY_COME = re.compile(
    r"[A-Z]+ (/api/v1/uploads|/v2/[^/]+/[^/]+/blobs/uploads)"
    r"|PUT /[^/]+/[^/]+\.git/info/lfs/objects/[^/]+$"
    r"|POST /[^/]+/[^/]+\.git/git-receive-pack"
    r"|(PUT|POST) /dvc/"
    r"|POST /api/(models|datasets)/[^/]+/[^/]+/commit/"
)
"""Their requests last as long as the client sends, and hold no connection meanwhile."""


class Admission:
    """Lets ``AT_A_TIME`` requests in; one has left when its answer begins, for by then its transaction is over."""

    def __init__(self, app: Asgi, at_a_time: int = AT_A_TIME) -> None:
        self._app = app
        self._places = asyncio.Semaphore(at_a_time)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or BODIES_AS_THEY_COME.match(f"{scope['method']} {scope['path']}"):
            await self._app(scope, receive, send)
            return
        await self._places.acquire()
        inside = True

        async def send_and_leave(message: MutableMapping[str, Any]) -> None:
            nonlocal inside
            if inside:
                inside = False
                self._places.release()
            await send(message)

        try:
            await self._app(scope, receive, send_and_leave)
        finally:
            if inside:
                self._places.release()
