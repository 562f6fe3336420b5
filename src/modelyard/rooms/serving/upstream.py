"""The connections to one box, over its Unix socket."""

import asyncio
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.rooms.serving.connection import Connection
from modelyard.rooms.serving.errors import BoxUnreachable

IDLE_CONNECTIONS = 128


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
        self.close_idle()

    def close_idle(self) -> None:
        """Closes the connections that nobody uses now: the box has closed one of them."""
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


@contextmanager
def _reachable(socket: Path) -> Iterator[str]:
    """A path that leads to this very socket. Its folder is written to by a stranger's code, so a link there would lead
    the server to any socket of the host: the file is opened without following one, and must be a socket.

    The path is short, too: the kernel's limit is 108 bytes (unix(7)).
    """
    descriptor = os.open(socket, os.O_PATH | os.O_NOFOLLOW)
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(f"{socket.name} is not a socket")
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
