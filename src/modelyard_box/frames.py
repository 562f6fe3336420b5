"""The local channel between the server process and a worker: length-prefixed frames on a socket pair.

A frame is a header (payload length, job number, kind) and a payload. The server writes CALLS and CANCEL, the worker
everything else; many calls and many answers share a frame.
Payloads are ``marshal`` data: both ends run the same interpreter, and it carries bytes as they are.
Both ends are inside one container and run as one user, so neither defends itself against the other's payloads.
"""

import struct
from collections.abc import Iterator

CHANNEL_FD = 3
"""The descriptor on which a worker finds its end of the channel."""

CALLS = 1  # [(job, prediction id, inputs)]: call the target for each, or for all at once
CANCEL = 2  # nothing: nobody reads this job's stream any more
READY = 3  # {"load_seconds", "notes", "batch"}: the model is loaded
LOAD_FAILED = 4  # {"reason", "type", "traceback", …}: it never will be; the worker exits
ANSWERS = 5  # [(job, kind, content)]: each ends one call; the kinds are those below
ITEM = 6  # one item of a streamed output

RESULT = 7  # the output
END = 8  # nothing: the stream is complete
INVALID = 9  # [(path, detail)]: the target was not called, the inputs do not convert
FAILED = 10  # {"code", "detail", "type", "traceback"}: the target failed

HEADER = struct.Struct("<IIB")
MAX_PAYLOAD = 2**31


def pack_header(kind: int, job: int, size: int) -> bytes:
    """The bytes that go before a payload of ``size`` bytes (at most MAX_PAYLOAD)."""
    return HEADER.pack(size, job, kind)


class FrameReader:
    """Cuts a byte stream into frames; keeps what is incomplete until the rest arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yields (kind, job, payload) for each frame that ``data`` completes."""
        buffer = self._buffer
        if not buffer and len(data) >= HEADER.size:
            size, job, kind = HEADER.unpack_from(data)
            if len(data) == HEADER.size + size:  # mostly one whole frame arrives, which needs no buffer
                yield kind, job, data[HEADER.size :]
                return
        buffer += data
        start = 0
        while len(buffer) - start >= HEADER.size:
            size, job, kind = HEADER.unpack_from(buffer, start)
            end = start + HEADER.size + size
            if len(buffer) < end:
                break
            yield kind, job, bytes(memoryview(buffer)[start + HEADER.size : end])
            start = end
        if start:
            del buffer[:start]
