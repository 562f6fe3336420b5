"""The connections to one box, over its Unix socket."""

import asyncio
import os
from collections import deque
from pathlib import Path

from modelyard.rooms.serving.connection import Connection
from modelyard.rooms.serving.errors import BoxUnreachable

IDLE_CONNECTIONS = 128
SOCKET_PATH_LIMIT = 100


class Upstream:
    """The connections to one box. Not thread-safe: it belongs to one event loop."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._idle: deque[Connection] = deque()
        self._closed = False

    async def connect(self) -> Connection:
        """A connection that is free now; raises ``BoxUnreachable``."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return await self._open()

    def give_back(self, connection: Connection) -> None:
        """Keeps a connection whose exchange ended well for the next; closes any other."""
        if connection.reusable and not self._closed and len(self._idle) < IDLE_CONNECTIONS:
            connection.used = True
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Closes what is idle, and what is given back from now on."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            with _reachable(self._socket) as path:
                _, connection = await loop.create_unix_connection(Connection, path)
        except OSError as e:
            raise BoxUnreachable("The model cannot be reached.", remedy="Try again in a moment.") from e
        return connection


class _reachable:  # noqa: N801 (reads as a verb in `with`)
    """A path to a socket that fits the kernel's limit of 108 bytes, by way of an open folder where it is too long."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._folder: int | None = None

    def __enter__(self) -> str:
        if len(os.fsencode(self._socket)) <= SOCKET_PATH_LIMIT:
            return str(self._socket)
        self._folder = os.open(self._socket.parent, os.O_PATH)
        return f"/proc/self/fd/{self._folder}/{self._socket.name}"

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder)
