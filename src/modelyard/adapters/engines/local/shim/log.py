"""The log of a container: what its standard output and error say, as written, up to a size."""

import os

_CHUNK = 65536


class BoundedLog:
    """Moves bytes from one descriptor to another; past the limit it writes one marker line and discards the rest."""

    def __init__(self, source: int, file: int, *, limit: int) -> None:
        os.set_blocking(source, False)
        self.source = source
        self.open = True
        self._file = file
        self._room = limit
        self._full = False
        self._limit = limit

    def pump(self) -> bytes:
        """Moves what is there now and returns it; notes the end of the stream in ``open``."""
        try:
            data = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self.open = False
        self._keep(data)
        return data

    def drain(self) -> bytes:
        """Moves everything that is there now."""
        parts = []
        while data := self.pump():
            parts.append(data)
        return b"".join(parts)

    def _keep(self, data: bytes) -> None:
        if self._full:
            return
        kept = data[: self._room]
        self._room -= len(kept)
        self._write(kept)
        if len(kept) < len(data):
            self._full = True
            self._write(f"\n[the log limit of {self._limit} bytes is reached; what follows is not kept]\n".encode())

    def _write(self, data: bytes) -> None:
        """A full disk loses log lines, never the container."""
        try:
            os.write(self._file, data)
        except OSError:
            return
