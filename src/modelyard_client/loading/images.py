"""Images of a version: an indexed, iterable collection, and its views for other libraries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from modelyard_client.errors import Refused
from modelyard_client.loading.decoding import Decoder
from modelyard_client.loading.index import Index, read_index
from modelyard_client.loading.optional import require
from modelyard_client.loading.packs import Packs

Transform = Callable[[Any], Any]


class Item(NamedTuple):
    """``image`` is a ``PIL.Image.Image``, turned as its camera was held, or the file's bytes where the dataset is not
    decoded; ``label`` None: it has none."""

    image: Any
    label: str | None
    path: str


class ImageDataset(Sequence[Item]):
    """The items of a version or of one of its splits, by path. Thread-safe, and cheap to pickle: workers of a loader
    open the cached files themselves.

    ``classes`` are the labels by name; ``numbers[i]`` is the place of an item's label among them, -1 for none.
    """

    def __init__(self, index_file: Path, find_pack: Callable[[str], Path], *, split: str | None, decode: bool) -> None:
        """``find_pack`` gives the file of a pack by its digest; only packs that hold something chosen are asked for."""
        self._index: Index = read_index(index_file, split=split)
        self._files = {digest: find_pack(digest) for digest in self._index.pack_digests}
        self._packs = Packs(tuple(self._files.values()))
        self._made_of = (index_file, split, decode)
        self._decode = Decoder() if decode else None

    @property
    def classes(self) -> tuple[str, ...]:
        return self._index.classes

    @property
    def numbers(self) -> memoryview:
        return self._index.labels

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, row: Any) -> Any:
        """An item; for a slice a list of them. Raises ``IndexError``."""
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        row = self._within(row)
        return Item(self.read(row), self._index.label(row), self._index.path(row))

    def __iter__(self) -> Iterator[Item]:
        return (self[row] for row in range(len(self)))

    def read(self, row: int) -> Any:
        """The image alone, or its bytes where the dataset is not decoded."""
        data = self._packs.read(self._index, row)
        return self._decode(data) if self._decode else data

    def read_bytes(self, row: int) -> bytes:
        """The bytes of the item's file."""
        return self._packs.read(self._index, self._within(row))

    def torch(self, transform: Transform | None = None) -> Any:
        """A ``torch.utils.data.Dataset`` of (image, number of its label); ``transform`` is given the PIL image."""
        return require("modelyard_client.loading.torch_view").TorchImages(self, transform)

    def numpy(self) -> tuple[Any, Any]:
        """All images as one array (N×H×W, or N×H×W×bands) and the numbers of their labels.

        Raises ``Refused`` where they differ in size or mode.
        """
        np, decode = require("numpy"), self._decode or Decoder()
        images = [np.asarray(decode(self._packs.read(self._index, row))) for row in range(len(self))]
        if len({image.shape for image in images}) > 1:
            raise Refused(
                "The images differ in size or mode.",
                code="images_differ",
                remedy="Bring them to one size: torch(transform), or a loop over the items.",
            )
        return np.stack(images) if images else np.empty((0,)), np.array(self._index.labels, dtype="int32")

    def arrow(self) -> Any:
        """A ``pyarrow.Table``: path, label, split, and the bytes of each file as ``image``."""
        pa = require("pyarrow")
        data = pa.array((self.read_bytes(row) for row in range(len(self))), pa.large_binary())
        columns = [self._index.paths, self._label_column(pa), self._index.splits.cast("string"), data]
        return pa.table(columns, names=["path", "label", "split", "image"])

    def pandas(self) -> Any:
        """As ``arrow``, as a ``pandas.DataFrame``."""
        require("pandas")
        return self.arrow().to_pandas()

    def __reduce__(self) -> Any:
        index_file, split, decode = self._made_of
        return _open_again, (index_file, self._files, split, decode)

    def __repr__(self) -> str:
        return f"<ImageDataset of {len(self)} images, {len(self.classes)} classes>"

    def _within(self, row: int) -> int:
        size = len(self)
        if not -size <= row < size:
            raise IndexError(f"there is no item {row} among {size}")
        return row + size if row < 0 else row

    def _label_column(self, pa: Any) -> Any:
        numbers = [None if number < 0 else number for number in self._index.labels]
        return pa.DictionaryArray.from_arrays(pa.array(numbers, "int32"), pa.array(self.classes, "string")).cast(
            "string"
        )


def _open_again(index_file: Path, packs: Mapping[str, Path], split: str | None, decode: bool) -> ImageDataset:
    return ImageDataset(index_file, packs.__getitem__, split=split, decode=decode)
