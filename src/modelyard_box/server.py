"""The server process: one event loop, one listening socket, the connections and the workers."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys

import uvloop

from modelyard_box.config import Box, Settings
from modelyard_box.connection import Connection, Service
from modelyard_box.pool import WorkerPool
from modelyard_box.routes import Routes

_TICK_S = 0.5
_DRAIN_POLL_S = 0.02


def run(box: Box, settings: Settings, listener: socket.socket, worker: tuple[int, socket.socket]) -> int:
    """Serves on ``listener`` with ``worker`` as the first worker. Returns the exit status."""
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(Server(box, settings, loop).serve(listener, worker))
    finally:
        loop.close()


class Server:
    """Runs until it is told to stop, or until it is clear that the model never loads."""

    def __init__(self, box: Box, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self._box = box
        self._settings = settings
        self._loop = loop
        self._stop = asyncio.Event()
        self._hopeless = False

    async def serve(self, listener: socket.socket, worker: tuple[int, socket.socket]) -> int:
        """Serves, drains and returns the exit status."""
        settings = self._settings
        pool = WorkerPool(settings, self._give_up)
        routes = Routes(self._box, settings, pool)
        service = Service(
            routes.handle,
            on_answer=routes.count,
            max_body_bytes=settings.max_body_bytes,
            read_timeout_s=settings.read_timeout_s,
            write_timeout_s=settings.timeout_s,
            show_traceback=settings.show_traceback,
        )
        self._loop.add_signal_handler(signal.SIGTERM, self._stop_or_leave)
        self._loop.add_signal_handler(signal.SIGINT, self._stop_or_leave)
        pool.start(worker)
        _spare_collector()
        try:
            server = await self._listen(listener, service)
            watch = self._loop.create_task(self._watch_time(service))
            await self._stop.wait()
            server.close()
            await self._drain(service)
            watch.cancel()
        finally:
            pool.close()
            self._remove_socket()
        return 1 if self._hopeless else 0

    async def _listen(self, listener: socket.socket, service: Service) -> asyncio.AbstractServer:
        create = self._loop.create_server if self._settings.socket is None else self._loop.create_unix_server
        return await create(lambda: Connection(service, self._loop), sock=listener)

    async def _watch_time(self, service: Service) -> None:
        tick = min(_TICK_S, self._settings.read_timeout_s / 2)
        while True:
            await asyncio.sleep(tick)
            now = self._loop.time()
            for connection in list(service.connections):
                connection.check_time(now)

    async def _drain(self, service: Service) -> None:
        """Lets what was asked be answered; timeouts bound how long that takes."""
        service.draining = True
        ends = self._loop.time() + self._settings.timeout_s + self._settings.read_timeout_s
        while service.connections and self._loop.time() < ends:
            for connection in list(service.connections):
                if connection.is_idle:
                    connection.close()
            await asyncio.sleep(_DRAIN_POLL_S)

    def _stop_or_leave(self) -> None:
        """The first signal drains; the second does not wait."""
        if self._stop.is_set():
            os._exit(1)
        self._stop.set()

    def _give_up(self) -> None:
        print("the box gives up: the model does not load", file=sys.stderr)
        self._hopeless = True
        self._stop.set()

    def _remove_socket(self) -> None:
        if self._settings.socket is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._settings.socket)  # noqa: PTH108


def _spare_collector() -> None:
    """What stands by now stays; and requests leave nothing that only the cyclic collector finds, so it may come rarely.

    Its pauses would be seen in the slowest answers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
