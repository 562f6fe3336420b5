"""The logs of running containers, each read once as it comes: Docker cannot read a log from the middle."""

import threading
from collections.abc import Callable, Iterable, Iterator

AHEAD = 4 * 1024**2
"""Bytes of a log that are read before somebody asks for them; the engine waits with the rest."""
LAST_S = 10.0
"""How long the engine may take with what an ended container wrote last; the log is read from its start then."""

OVER = "\n[The log is longer than {bound} bytes; what follows was not kept.]\n"

Open = Callable[[bool], Iterable[bytes]]
"""Opens a log at its first byte; True: to be followed to the container's end."""


class Logs:
    """Reads logs in parts. Who reads on from where the last read ended is given what has come since; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._positions: dict[str, int] = {}
        self._followers: dict[str, _Follower] = {}

    def read(self, name: str, open_log: Open, *, running: bool, offset: int, limit: int) -> bytes:
        """At most ``limit`` bytes from ``offset``, without waiting for any."""
        data = self._read_on(name, open_log, running, offset, limit)
        if data is None:
            self.forget(name)
            data = cut_log(open_log(False), offset=offset, limit=limit)
        with self._lock:
            self._positions[name] = offset + len(data)
        return data

    def forget(self, name: str) -> None:
        """The container is gone, or its log is read from elsewhere."""
        with self._lock:
            self._positions.pop(name, None)
            if follower := self._followers.pop(name, None):
                follower.leave()

    def _read_on(self, name: str, open_log: Open, running: bool, offset: int, limit: int) -> bytes | None:
        """None at a first read, at a read from elsewhere, and where following broke off."""
        with self._lock:
            if self._positions.get(name) != offset:
                return None
            if name not in self._followers and running:
                self._followers[name] = _Follower(name, open_log, offset)
            follower = self._followers.get(name)
        if follower is None:
            return None
        return follower.take(limit) if running else follower.take_last(limit)


def after(pieces: Iterable[bytes], offset: int) -> Iterator[bytes]:
    """The pieces without their first ``offset`` bytes."""
    for piece in pieces:
        if rest := piece[offset:]:
            yield rest
        offset = max(0, offset - len(piece))


def bounded_log(chunks: Iterable[bytes], bound: int) -> Iterator[bytes]:
    """The first ``bound`` bytes of a log, and a line that says so where there are more."""
    left = bound
    for chunk in chunks:
        yield chunk[:left]
        if len(chunk) > left:
            yield OVER.format(bound=bound).encode()
            return
        left -= len(chunk)


def cut_log(chunks: Iterable[bytes], *, offset: int, limit: int) -> bytes:
    """Bytes ``offset`` to ``offset + limit`` of a log."""
    kept, position = bytearray(), 0
    for chunk in chunks:
        kept += chunk[max(0, offset - position) :]
        position += len(chunk)
        if len(kept) >= limit:
            break
    return bytes(kept[:limit])


class _Follower:
    """A thread that reads one log ahead of who takes it."""

    def __init__(self, name: str, open_log: Open, offset: int) -> None:
        self._open, self._offset = open_log, offset
        self._changed = threading.Condition()
        self._read = bytearray()
        self._left = self._broken = self._ended = False
        threading.Thread(target=self._follow, name=f"log of {name}", daemon=True).start()

    def take(self, limit: int) -> bytes | None:
        """What was read and not yet taken; None where following broke off."""
        with self._changed:
            if self._broken and not self._read:
                return None
            taken = bytes(self._read[:limit])
            del self._read[:limit]
            self._changed.notify_all()
            return taken

    def take_last(self, limit: int) -> bytes | None:
        """As ``take`` of an ended container's log: nothing only if there is no more."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._read or self._ended or self._broken, timeout=LAST_S):
                return None
        return self.take(limit)

    def leave(self) -> None:
        """Nobody takes any more."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    def _follow(self) -> None:
        try:
            for piece in after(self._open(True), self._offset):
                if not self._keep(piece):
                    return
            self._end(broken=False)
        except Exception:  # whatever it was: the log is read from its start then
            self._end(broken=True)

    def _keep(self, piece: bytes) -> bool:
        """Waits for room; False once nobody takes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._left or len(self._read) < AHEAD)
            self._read += piece
            self._changed.notify_all()
            return not self._left

    def _end(self, *, broken: bool) -> None:
        with self._changed:
            self._ended, self._broken = not broken, broken
            self._changed.notify_all()
