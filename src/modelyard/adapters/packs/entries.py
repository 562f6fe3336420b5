"""What archives hold, as columns: a million files take no million objects."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

BATCH_ITEMS, BATCH_BYTES = 256, 8 * 1024**2
MODES = (
    *("", "1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"),
    *("I;16", "I;16L", "I;16B", "I;16N", "?"),
)
"""Pillow's modes by the number that stands for them; the first means none."""


@dataclass(slots=True)
class Entries:
    """One row for each file. ``starts``: where its record (zip) or its bytes (tar) begin in source number ``sources``.

    ``packed`` and ``sizes`` are bytes as stored and as they are; ``method`` is 0 or 8 (zip's stored and deflated);
    ``crcs`` and ``names`` (hash of the raw name) are what a zip's directory says. ``errors``: row → why it is bad.
    """

    paths: list[str] = field(default_factory=list)
    sources: "array[int]" = field(default_factory=lambda: array("H"))
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    packed: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    methods: bytearray = field(default_factory=bytearray)
    flags: "array[int]" = field(default_factory=lambda: array("H"))
    crcs: "array[int]" = field(default_factory=lambda: array("I"))
    names: "array[int]" = field(default_factory=lambda: array("q"))
    errors: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.paths)

    def as_they_lie(self) -> "Entries":
        """The same by where they begin, so that they are read from front to back."""
        order = sorted(range(len(self)), key=lambda row: (self.sources[row], self.starts[row]))
        if all(old == new for new, old in enumerate(order)):
            return self
        place = {old: new for new, old in enumerate(order) if old in self.errors} if self.errors else {}
        return Entries(
            paths=[self.paths[i] for i in order],
            sources=_taken(self.sources, order),
            starts=_taken(self.starts, order),
            packed=_taken(self.packed, order),
            sizes=_taken(self.sizes, order),
            methods=bytearray(self.methods[i] for i in order),
            flags=_taken(self.flags, order),
            crcs=_taken(self.crcs, order),
            names=_taken(self.names, order),
            errors={place[old]: why for old, why in self.errors.items()},
        )

    def forget_headers(self) -> None:
        """Lets go of what is asked for no more when all entries were read."""
        self.flags, self.crcs, self.names = array("H"), array("I"), array("q")

    def batches(self) -> list[tuple[int, int]]:
        """Rows from … to …, each lot small enough to be read at once."""
        return list(self._batches())

    def _batches(self) -> Iterator[tuple[int, int]]:
        begin, held = 0, 0
        for row, size in enumerate(self.packed):
            if row > begin and (row - begin >= BATCH_ITEMS or held + size > BATCH_BYTES):
                yield begin, row
                begin, held = row, 0
            held += size
        if begin < len(self):
            yield begin, len(self)


@dataclass(slots=True)
class Checked:
    """What reading the entries has shown, by row: where the stored bytes begin and the record ends, SHA-256 (32 bytes
    each), width, height, number of the mode; zeros where the row has an error."""

    offsets: "array[int]"
    ends: "array[int]"
    digests: bytearray
    widths: "array[int]"
    heights: "array[int]"
    modes: bytearray
    errors: dict[int, str]

    @classmethod
    def empty(cls, rows: int) -> "Checked":
        wide, narrow = bytes(8 * rows), bytes(4 * rows)
        return cls(
            array("q", wide),
            array("q", wide),
            bytearray(32 * rows),
            array("i", narrow),
            array("i", narrow),
            bytearray(rows),
            {},
        )


def _taken(column: "array[int]", order: list[int]) -> "array[int]":
    return array(column.typecode, [column[i] for i in order])
