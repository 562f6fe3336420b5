"""Pure decisions about the names of files: which are safe everywhere, which are left out, which collide."""

import re
import unicodedata
from collections.abc import Iterable

from modelyard.rooms.sources.errors import PathCollision, PathUnsafe

MAX_PART_BYTES = 240
MAX_PATH_BYTES = 1000
MAX_DEPTH = 40
JUNK_FOLDERS = {"__MACOSX", "__pycache__", ".git", ".hg", ".svn", ".ipynb_checkpoints"}
JUNK_FILES = {".DS_Store", "Thumbs.db", "desktop.ini"}
DRIVE = re.compile(r"^[A-Za-z]:")
GIT_LOOKALIKE = re.compile(r"^(\.git|git~[0-9]+)[ .]*(:.*)?$", re.IGNORECASE)
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def check_path(path: str) -> str:
    """The path, with ``/`` between its parts, if it is safe on every file system; raises ``PathUnsafe``."""
    if any(unicodedata.category(character) in INVISIBLE for character in path):
        raise _unsafe(path, "contains control or invisible characters")
    if "\\" in path:
        raise _unsafe(path, "contains a backslash", "Make the zip with / between folders.")
    if path.startswith("/") or DRIVE.match(path):
        raise _unsafe(path, "is absolute", "Names have to be relative.")
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise _unsafe(path, "has an empty part, . or ..")
    if len(path.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        raise _unsafe(path, "is too long", f"At most {MAX_PATH_BYTES} bytes, {MAX_PART_BYTES} between slashes.")
    if len(parts) > MAX_DEPTH:
        raise _unsafe(path, f"is more than {MAX_DEPTH} folders deep")
    if any(part not in JUNK_FOLDERS and GIT_LOOKALIKE.match(part) for part in parts):
        raise _unsafe(path, "looks like Git's own folder", "Leave the .git folder out.")
    return path


def check_paths(paths: Iterable[str]) -> None:
    """Raises ``PathUnsafe`` or ``PathCollision`` unless all of them can be files of one folder."""
    book = PathBook()
    for path in paths:
        book.add_file(check_path(path))


def is_junk(path: str) -> bool:
    """True for what programs leave behind and nobody means to push: caches, ``.git``, Finder's files."""
    *folders, last = path.split("/")
    return any(folder in JUNK_FOLDERS for folder in folders) or last in JUNK_FILES or last.startswith("._")


def safe_file_name(name: str) -> str:
    """A file name of one part that can be used as it is, made from what a browser sent."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join("_" if unicodedata.category(c) in INVISIBLE or c in ':*?"<>|' else c for c in last).strip(" .")
    while len(kept.encode()) > MAX_PART_BYTES:
        kept = kept[1:]  # the end has the suffix
    return kept if kept and not GIT_LOOKALIKE.match(kept) else "file"


class PathBook:
    """The files and folders seen so far; refuses names that collide with them.

    Names collide when they differ only in case or in Unicode normalisation, or when a file has the name of a folder.
    """

    def __init__(self) -> None:
        self._spellings: dict[str, str] = {}
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add_file(self, path: str) -> None:
        """Notes a file and the folders above it; raises ``PathCollision``."""
        self._add_folders(path.split("/")[:-1])
        self._check_spelling(path)
        if path in self._files:
            raise PathCollision(f"There are two files {path}.", remedy=RENAME)
        if path in self._folders:
            raise PathCollision(f"{path} is both a file and a folder.", remedy=RENAME)
        self._files.add(path)

    def add_folder(self, path: str) -> None:
        self._add_folders(path.split("/"))

    def _add_folders(self, parts: list[str]) -> None:
        for depth in range(len(parts), 0, -1):
            folder = "/".join(parts[:depth])
            if folder in self._folders:
                return
            self._check_spelling(folder)
            if folder in self._files:
                raise PathCollision(f"{folder} is both a file and a folder.", remedy=RENAME)
            self._folders.add(folder)

    def _check_spelling(self, path: str) -> None:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        other = self._spellings.setdefault(key, path)
        if other != path:
            raise PathCollision(f"{other} and {path} are the same name on some systems.", remedy=RENAME)


RENAME = "Rename one of them and push again."


def _unsafe(path: str, why: str, remedy: str = "Rename the file and push again.") -> PathUnsafe:
    shown = path if len(path) <= 80 else path[:80] + "…"
    return PathUnsafe(f"The name {ascii(shown) if not shown.isprintable() else shown} {why}.", remedy=remedy)
