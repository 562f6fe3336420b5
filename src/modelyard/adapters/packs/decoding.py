"""Processes that read, hash and decode entries: forked for one import, bounded, each with every other batch.

A worker takes the number of a batch from a pipe that all share, and writes what it found to a pipe of its own, as
columns of fixed width: nothing of it is executed by who reads it. One that dies takes one image with it, no more.
"""

import gc
import hashlib
import json
import mmap
import os
import resource
import selectors
import signal
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from modelyard.adapters.packs.confinement import confine
from modelyard.adapters.packs.entries import MODES, Checked, Entries
from modelyard.adapters.packs.pictures import NoImage, measure
from modelyard.adapters.packs.zips import EntryBroken, data_start

HEAD = struct.Struct("<III")
TOKEN = struct.Struct("<I")
PLACE = struct.Struct("<q")
PIPE_BYTES = 1024**2
BATCH_SECONDS = 60
MAX_ITEM_BYTES = 128 * 1024**2
MEMORY_BYTES = 2 * 1024**3
SLACK, CHUNK = 64 * 1024, 64 * 1024
LOCAL_RECORD = 1024
"""Bytes before a zip entry's data that are read with it: its header, name and extra field; more are read again."""

MODE_NUMBERS = {mode: number for number, mode in enumerate(MODES)}
DIED = "Its decoder broke down or took too long."

Progress = Callable[[int], None]
File = tuple[int, bool]
"""A source: its file descriptor, and whether it is a zip."""


def check_entries(entries: Entries, files: Sequence[File], *, workers: int, on_progress: Progress) -> Checked:
    """Reads every entry once. ``on_progress`` is told how many there are so far."""
    found = Checked.empty(len(entries))
    found.errors.update(entries.errors)
    batches, left = entries.batches(), set(range(len(entries.batches())))
    gc.disable()
    gc.freeze()  # what the workers share is not to be copied by looking at it
    while left:
        left -= _Round(entries, files, batches, left, found, on_progress).run(min(workers, len(left)))
    return found


def read_entry(entries: Entries, row: int, files: Sequence[File]) -> bytes:
    """The bytes of one entry, in this process. Raises ``EntryBroken``."""
    return _Window(entries, files, row, row + 1).read(row)[2]


def unpack_entry(entries: Entries, row: int, files: Sequence[File], target: Path) -> None:
    """Writes one entry to a file, piece by piece, however large it is. Raises ``EntryBroken``."""
    descriptor, is_zip = files[entries.sources[row]]
    start, packed, size = entries.starts[row], entries.packed[row], entries.sizes[row]
    if is_zip:
        start, _ = data_start(entries, row, lambda at, length: os.pread(descriptor, length, at))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entries.methods[row] else None
    crc = written = 0
    with target.open("wb") as file:
        for at in range(start, start + packed, CHUNK):
            data = os.pread(descriptor, min(CHUNK, start + packed - at), at)
            data = _inflated(inflater, data, size - written) if inflater else data
            crc, written = zlib.crc32(data, crc), written + len(data)
            file.write(data)
    if written != size or (is_zip and crc != entries.crcs[row]) or (inflater and not inflater.eof):
        raise EntryBroken("It is not what the archive says of it (size or CRC-32).")


class _Round:
    """Workers for the batches that are left, until all have ended."""

    def __init__(
        self,
        entries: Entries,
        files: Sequence[File],
        batches: Sequence[tuple[int, int]],
        left: set[int],
        found: Checked,
        on_progress: Progress,
    ) -> None:
        self._entries, self._files, self._batches = entries, files, batches
        self._found, self._on_progress = found, on_progress
        self._left, self._done = left, set[int]()
        self._rows = sum(end - begin for number, (begin, end) in enumerate(batches) if number not in left)

    def run(self, workers: int) -> set[int]:
        """The batches that are done now."""
        tokens, feed = os.pipe()
        selector = selectors.DefaultSelector()
        for _ in range(workers):
            self._start(selector, tokens, feed)
        os.close(tokens)
        self._feed(feed)
        while selector.get_map():
            for key, _ in selector.select():
                buffer, child, place = key.data
                if data := os.read(key.fd, 4 * PIPE_BYTES):
                    buffer += data
                    self._take(buffer)
                    continue
                selector.unregister(key.fd)
                os.close(key.fd)
                self._bury(child, place)
        return self._done

    def _start(self, selector: selectors.BaseSelector, tokens: int, feed: int) -> None:
        place = mmap.mmap(-1, PLACE.size)
        mine, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                os.close(feed)
                os.close(mine)
                _bound()
                _Worker(self._entries, self._files, self._batches, place).work(tokens, theirs)
                os._exit(0)
            os._exit(1)
        os.close(theirs)
        selector.register(mine, selectors.EVENT_READ, (bytearray(), child, place))

    def _feed(self, feed: int) -> None:
        """Every number is written in one piece; a reader that died has the writer stop."""
        with suppress(BrokenPipeError):
            for number in sorted(self._left):
                os.write(feed, TOKEN.pack(number))
        os.close(feed)

    def _take(self, buffer: bytearray) -> None:
        """Takes the batches that have come whole."""
        while len(buffer) >= HEAD.size:
            number, rows, said = HEAD.unpack_from(buffer)
            whole = HEAD.size + rows * ROW_BYTES + said
            if len(buffer) < whole:
                return
            self._keep(number, rows, memoryview(buffer)[HEAD.size : whole].tobytes())
            del buffer[:whole]

    def _keep(self, number: int, rows: int, data: bytes) -> None:
        begin, end = self._batches[number]
        if number not in self._left or rows != end - begin:
            raise ValueError("a worker speaks of what it was not given")
        at = 0
        for name, width in COLUMNS:
            column = getattr(self._found, name)
            memoryview(column).cast("B")[begin * width : end * width] = data[at : at + rows * width]
            at += rows * width
        said = json.loads(data[at:])
        self._found.errors.update({begin + int(row): sys.intern(str(why)) for row, why in said.items()})
        self._done.add(number)
        self._rows += rows
        self._on_progress(self._rows)

    def _bury(self, child: int, place: mmap.mmap) -> None:
        """A worker that died was at a row, which is to blame."""
        _, status = os.waitpid(child, 0)
        row = PLACE.unpack_from(place)[0] - 1
        if status and row >= 0:
            self._found.errors[row] = self._entries.errors[row] = DIED
        place.close()


COLUMNS = (("offsets", 8), ("ends", 8), ("digests", 32), ("widths", 4), ("heights", 4), ("modes", 1))
ROW_BYTES = sum(width for _, width in COLUMNS)


class _Worker:
    """The life of one process."""

    def __init__(
        self, entries: Entries, files: Sequence[File], batches: Sequence[tuple[int, int]], place: mmap.mmap
    ) -> None:
        self._entries, self._files, self._batches, self._place = entries, files, batches, place

    def work(self, tokens: int, answers: int) -> None:
        while token := os.read(tokens, TOKEN.size):
            signal.setitimer(signal.ITIMER_REAL, BATCH_SECONDS)  # which ends the process
            number = TOKEN.unpack(token)[0]
            with open(answers, "wb", closefd=False) as stream:
                stream.write(self._check(number))

    def _check(self, number: int) -> bytes:
        begin, end = self._batches[number]
        rows = end - begin
        found = Checked.empty(rows)
        window = _Window(self._entries, self._files, begin, end)
        for row in range(rows):
            if begin + row not in self._entries.errors:
                PLACE.pack_into(self._place, 0, begin + row + 1)
                self._check_row(window, begin + row, row, found)
        PLACE.pack_into(self._place, 0, 0)
        said = json.dumps(found.errors).encode()
        columns = b"".join(bytes(memoryview(getattr(found, name)).cast("B")) for name, _ in COLUMNS)
        return HEAD.pack(number, rows, len(said)) + columns + said

    def _check_row(self, window: "_Window", row: int, at: int, found: Checked) -> None:
        try:
            offset, end, data = window.read(row)
            found.offsets[at], found.ends[at] = offset, end
            found.digests[32 * at : 32 * at + 32] = hashlib.sha256(data).digest()
            width, height, mode = measure(data)
            found.widths[at], found.heights[at] = width, height
            found.modes[at] = MODE_NUMBERS.get(mode, MODE_NUMBERS["?"])
        except (NoImage, EntryBroken) as e:
            found.errors[at] = str(e)


class _Window:
    """The bytes of a batch, read at once where they lie together."""

    def __init__(self, entries: Entries, files: Sequence[File], begin: int, end: int) -> None:
        self._entries, self._files = entries, files
        self._begin, self._data = 0, b""
        first, last = min(entries.starts[begin:end]), max(range(begin, end), key=entries.starts.__getitem__)
        span = entries.starts[last] + entries.packed[last] + LOCAL_RECORD - first
        is_one = len(set(entries.sources[begin:end])) == 1
        if is_one and span <= 2 * sum(entries.packed[begin:end]) + (end - begin) * LOCAL_RECORD + SLACK:
            self._begin, self._data = first, os.pread(files[entries.sources[begin]][0], span, first)

    def read(self, row: int) -> tuple[int, int, bytes]:
        """Where the stored bytes begin and the record ends, and the file's bytes. Raises ``EntryBroken``."""
        entries = self._entries
        start, packed, size = entries.starts[row], entries.packed[row], entries.sizes[row]
        if size > MAX_ITEM_BYTES or packed > MAX_ITEM_BYTES:
            raise EntryBroken(f"It has {size:,} bytes; {MAX_ITEM_BYTES:,} are allowed.")
        descriptor, is_zip = self._files[entries.sources[row]]
        if not is_zip:
            return start, start + size, self._bytes(descriptor, start, size)
        begin, end = data_start(entries, row, lambda at, length: self._bytes(descriptor, at, length))
        return begin, end, _inflate(self._bytes(descriptor, begin, packed), entries, row)

    def _bytes(self, descriptor: int, at: int, length: int) -> bytes:
        begin = at - self._begin
        if begin >= 0 and begin + length <= len(self._data):
            return self._data[begin : begin + length]
        return os.pread(descriptor, length, at)


def _inflated(inflater: "zlib._Decompress", data: bytes, most: int) -> bytes:
    """No more than one byte past ``most`` (what lies beyond is found by the size)."""
    try:
        return inflater.decompress(data, most + 1)
    except zlib.error as e:
        raise EntryBroken("Its compressed data is damaged.") from e


def _inflate(data: bytes, entries: Entries, row: int) -> bytes:
    """A zip entry's bytes; its size and CRC-32 are what the directory says."""
    size = entries.sizes[row]
    if entries.methods[row]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflater.decompress(data, size + 1)
        except zlib.error as e:
            raise EntryBroken("Its compressed data is damaged.") from e
        if not inflater.eof or inflater.unused_data:
            raise EntryBroken("Its compressed data does not end where it should.")
    if len(data) != size or zlib.crc32(data) != entries.crcs[row]:
        raise EntryBroken("It is not what the archive says of it (size or CRC-32).")
    return data


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    confine()
