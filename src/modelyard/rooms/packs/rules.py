"""Pure decisions on packed datasets: what a path says of an image, which split it belongs to, what is told of all."""

import unicodedata
from collections.abc import Iterable, Sequence

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
LABEL_FILES = frozenset({"labels", "metadata", "annotations", "classes"})
LABEL_SUFFIXES = frozenset({"csv", "tsv", "json", "jsonl", "ndjson", "parquet"})
NO_DATA = ("readme", "license", "licence")
MANY_CLASSES, IMBALANCE = 2, 10
SUFFIXES = frozenset(
    {"png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "tif", "tiff", "bmp", "pgm", "ppm", "pbm", "pnm"}
)


def common_folder(paths: Sequence[str]) -> str:
    """The one folder at the top that everything lies in, with its slash; empty where there is none. ``paths`` are
    sorted, so that the first and the last tell."""
    if not paths:
        return ""
    top = paths[0].partition("/")[0] + "/"
    is_one = "/" in paths[0] and paths[-1].startswith(top) and _split(top[:-1]) is None
    return top if is_one else ""


def read_path(path: str, top: str) -> tuple[str | None, str | None]:
    """Class and split by the folders below ``top``: ``train/cat/1.png`` is a cat to train with."""
    folders = path[len(top) :].split("/")[:-1]
    split = _split(folders[0]) if folders else None
    below = folders[1:] if split else folders
    return (below[0] if below else None), split


def named_split(text: str) -> str | None:
    """A split by one of its usual names; None for another word."""
    return _split(text)


def chosen_split(digest: bytes, shares: Sequence[float]) -> str:
    """The split of an image by its content alone: the same in every version, whatever else there is.

    ``shares`` are of train, validation and test, and sum to 1.
    """
    at, reached = int.from_bytes(digest[:8]) / 2**64, 0.0
    for name, share in zip(SPLITS, shares, strict=True):
        reached += share
        if at < reached:
            return name
    return next(name for name, share in reversed(list(zip(SPLITS, shares, strict=True))) if share)


def is_labels_file(path: str, top: str) -> bool:
    """Whether a file in an archive says what its images show, by its name and place."""
    name = path[len(top) :].casefold()
    stem, _, suffix = name.rpartition(".")
    return "/" not in name and stem in LABEL_FILES and suffix in LABEL_SUFFIXES


def is_text_beside(path: str) -> bool:
    """Whether a file is a README or a licence, which is no data."""
    return path.rpartition("/")[2].casefold().startswith(NO_DATA)


def lookalikes(classes: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of classes that differ only in case or in the form of Unicode; they are kept apart, and said."""
    seen: dict[str, str] = {}
    pairs = []
    for name in sorted(classes):
        key = unicodedata.normalize("NFKC", name).casefold().strip()
        other = seen.setdefault(key, name)
        if other != name:
            pairs.append((other, name))
    return pairs


def notes_on(counts: dict[str, int], *, duplicates: int, errors: int, skipped: int) -> list[str]:
    """Sentences for the author about what was found."""
    notes = [f"The classes {a!r} and {b!r} look alike; they are kept apart." for a, b in lookalikes(counts)]
    if len(counts) >= MANY_CLASSES and max(counts.values()) > IMBALANCE * min(counts.values()):
        most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        notes.append(f"The classes are uneven: {counts[most]:,} of {most!r}, {counts[least]:,} of {least!r}.")
    if duplicates:
        notes.append(f"{_count(duplicates, 'image is an exact copy', 'images are exact copies')} of another one.")
    if errors:
        notes.append(f"{_count(errors, 'file', 'files')} could not be used; the list says why.")
    if skipped:
        notes.append(f"{_count(skipped, 'file was', 'files were')} left out: labels, texts, or left by a program.")
    return notes


def _split(text: str) -> str | None:
    return SPLIT_NAMES.get(text.strip().casefold())


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
