"""Streams made of parts: every range is that slice of the whole; parts that lie end the stream."""

import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.kit.streams import END_OF_TAR, Part, PartStream, StreamBroken, bytes_part, tar_member


def chunked(data: bytes, size: int) -> Part:
    def read(offset: int, length: int) -> Iterator[bytes]:
        asked = data[offset : offset + length]
        return (asked[at : at + size] for at in range(0, len(asked), size))

    return Part(len(data), read)


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(1, 7)), max_size=6),
    st.integers(0, 250),
    st.integers(0, 250),
)
def test_a_range_is_that_slice_of_the_whole(pieces: list[tuple[bytes, int]], start: int, length: int) -> None:
    whole = b"".join(data for data, _ in pieces)
    stream = PartStream([chunked(data, size) for data, size in pieces])
    start = min(start, len(whole))
    length = min(length, len(whole) - start)
    assert stream.size == len(whole)
    assert b"".join(stream.read()) == whole
    assert b"".join(stream.read(start)) == whole[start:]
    assert b"".join(stream.read(start, length)) == whole[start : start + length]


def test_only_the_parts_of_the_range_are_opened() -> None:
    def refuse(_offset: int, _length: int) -> Iterator[bytes]:
        raise AssertionError("not asked for")

    stream = PartStream([Part(5, refuse), bytes_part(b"abcde"), Part(5, refuse)])
    assert b"".join(stream.read(6, 3)) == b"bcd"


@pytest.mark.parametrize(("start", "length"), [(-1, 2), (0, 11), (11, None), (5, -1)])
def test_what_lies_outside_is_refused_at_once(start: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="of 10"):
        PartStream([bytes_part(bytes(10))]).read(start, length)


@pytest.mark.parametrize("said", [4, 6])
def test_a_part_of_another_size_ends_the_stream_before_the_next(said: int) -> None:
    stream = PartStream([Part(said, lambda _o, _l: iter([b"ab", b"cde"])), bytes_part(b"next")])
    got = bytearray()
    with pytest.raises(StreamBroken):
        for chunk in stream.read():
            got += chunk
    assert bytes(got) in (b"ab", b"abcde")


def test_tars_are_read_by_others() -> None:
    long = "folder/" * 30 + "name"
    parts = [*tar_member("a.txt", b"hello"), *tar_member(long, bytes(1025), mode=0o755), bytes_part(END_OF_TAR)]
    stream = PartStream(parts)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream.read()))) as archive:
        assert [(m.name, m.size, m.mode, m.mtime, m.uid) for m in archive] == [
            ("a.txt", 5, 0o644, 0, 0),
            (long, 1025, 0o755, 0, 0),
        ]
        opened = archive.extractfile("a.txt")
        assert opened is not None
        assert opened.read() == b"hello"


def test_members_of_more_than_8_gib_have_their_size() -> None:
    huge = 9 * 1024**3
    header = PartStream(tar_member("layer.tar", Part(huge, lambda _o, _l: iter(())))[:1])
    info = tarfile.TarInfo.frombuf(b"".join(header.read()), "utf-8", "strict")
    assert info.size == huge
