"""Bodies of requests that are not read to their end."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from modelyard.kit.errors import ModelyardError

DRAINED_BYTES = 32 * 1024**2
DRAINED_SECONDS = 5.0


async def drain(request: Request) -> None:
    """Takes in a little more of a refused body: a connection that is closed with unread bytes is reset, and the client
    never sees the answer (RFC 9112, section 9.6)."""
    rest = DRAINED_BYTES
    with contextlib.suppress(ClientDisconnect, TimeoutError, RuntimeError):  # RuntimeError: it was taken in already
        async with asyncio.timeout(DRAINED_SECONDS):
            async for chunk in request.stream():
                rest -= len(chunk)
                if rest <= 0:
                    return


def announced_length(request: Request) -> int | None:
    """Bytes in the request's body; None where it comes in chunks without saying."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


class DrainingRoute(APIRoute):
    """Before a refusal is answered, what the client is still sending is taken in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_draining(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelyardError:
                await drain(request)
                raise

        return handle_draining
