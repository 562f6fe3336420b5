"""Layers are unpacked in small pieces, whatever compresses them and however they arrive."""

import gzip
import os
from collections.abc import Callable, Iterator

import pytest
import zstandard

from modelyard.rooms.images.errors import LayerBroken
from modelyard.rooms.images.unpacking import PIECE, uncompressed

DATA = os.urandom(3_000_000) + bytes(5_000_000)
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "zstd": zstandard.compress,
    "plain": bytes,
}


def chunks(data: bytes, size: int = 10_007) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("how", list(PACKED))
@pytest.mark.parametrize("size", [1_000, 10_007, 8_000_000])
def test_members_one_after_another_come_back(how: str, size: int) -> None:
    sent = PACKED[how](DATA) + PACKED[how](b"tail")
    pieces = list(uncompressed(chunks(sent, size), limit=len(DATA) + 4))
    assert b"".join(pieces) == DATA + b"tail"


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_small_layer_that_becomes_huge_is_stopped_in_bounded_pieces(how: str) -> None:
    bomb = PACKED[how](bytes(300_000_000))
    assert len(bomb) < 2_000_000
    seen = 0
    with pytest.raises(LayerBroken, match="more than"):
        for piece in uncompressed([bomb], limit=50_000_000):
            assert len(piece) <= PIECE
            seen += len(piece)
    assert seen <= 50_000_000


def test_damage_is_told() -> None:
    packed = gzip.compress(DATA)
    for broken in (packed[:-1], packed[: len(packed) // 2], packed[:20] + b"x" * 100, b"\x28\xb5\x2f\xfd" + b"x" * 99):
        with pytest.raises(LayerBroken):
            list(uncompressed(chunks(broken), limit=10**9))


def test_an_empty_layer_is_empty() -> None:
    assert list(uncompressed([], limit=1)) == [b""]
