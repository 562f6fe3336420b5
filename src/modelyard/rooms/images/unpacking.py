"""The tar inside a layer, in constant memory, whatever compresses it: gzip, zstd, nothing."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

import zstandard

from modelyard.rooms.images.errors import LayerBroken

PIECE = 1024**2
MAX_LAYER_BYTES = 64 * 1024**3
"""The most that a layer may unpack to."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
MAX_WINDOW = 128 * 1024**2
"""Memory that a zstd stream may ask for; ``zstd --ultra`` uses as much."""


def uncompressed(chunks: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
    """The bytes in pieces of about 1 MiB; what compresses them is seen from the first ones.

    Raises ``LayerBroken`` for a stream that is damaged or becomes larger than ``limit`` bytes. That a stream ends early
    is seen for gzip only: compare the digest of what came.
    """
    pieces = iter(chunks)
    first = b""
    while len(first) < len(ZSTD) and (more := next(pieces, b"")):
        first += more
    stream, size = chain([first], pieces), 0
    for piece in _pieces(first, stream):
        size += len(piece)
        if size > limit:
            raise LayerBroken(f"A layer unpacks to more than {limit} bytes.", remedy="Make it smaller.")
        yield piece


def _pieces(first: bytes, stream: Iterable[bytes]) -> Iterator[bytes]:
    try:
        if first.startswith(GZIP):
            yield from _gunzipped(stream)
        elif first.startswith(ZSTD):
            yield from _unzstd(stream)
        else:
            yield from stream
    except (zlib.error, zstandard.ZstdError) as e:
        raise LayerBroken(f"A layer is damaged: {e}", remedy="Build the image again and push it.") from e


def _gunzipped(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Members one after another; a few bytes may stand for very many, so they come in pieces of bounded size."""
    member = zlib.decompressobj(wbits=31)
    for chunk in stream:
        rest = chunk
        while rest:
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            yield member.decompress(rest, PIECE)
            rest = member.unused_data if member.eof else member.unconsumed_tail
    yield from _drained(member)


def _drained(member: "zlib._Decompress") -> Iterator[bytes]:
    while not member.eof:
        piece = member.decompress(b"", PIECE)
        if not piece:
            raise _short()
        yield piece


def _unzstd(stream: Iterable[bytes]) -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    with frame.stream_reader(_Readable(stream), read_across_frames=True, read_size=PIECE) as reader:  # type: ignore[arg-type]
        while piece := reader.read(PIECE):
            yield piece


class _Readable:
    """An iterable of bytes as something to ``read`` from, which zstandard wants."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def read(self, size: int) -> bytes:
        data = self._rest or next(self._chunks, b"")
        self._rest = data[size:]
        return data[:size]


def _short() -> LayerBroken:
    return LayerBroken("A layer ends early.", remedy="Build the image again and push it.")
