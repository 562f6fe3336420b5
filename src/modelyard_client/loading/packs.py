"""Packs on this machine, read where they lie: nothing is unpacked."""

import mmap
import zlib
from collections.abc import Sequence
from pathlib import Path

from modelyard_client.loading.index import DEFLATED, Index


class Packs:
    """Maps pack files into memory, each when it is first read. Cheap to pickle: only the paths travel."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._maps: list[mmap.mmap | None] = [None] * len(self._files)

    def read(self, index: Index, row: int) -> bytes:
        """The bytes of an item, as they were before they were packed."""
        number, start = index.packs[row], index.offsets[row]
        data = (self._maps[number] or self._open(number))[start : start + index.lengths[row]]
        return zlib.decompress(data, -zlib.MAX_WBITS) if index.methods[row] == DEFLATED else data

    def _open(self, number: int) -> mmap.mmap:
        with self._files[number].open("rb") as file:
            opened = self._maps[number] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return opened

    def __getstate__(self) -> tuple[Path, ...]:
        return self._files

    def __setstate__(self, files: tuple[Path, ...]) -> None:
        self.__init__(files)  # type: ignore[misc]
