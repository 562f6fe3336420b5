"""``.gitattributes``: which files Git LFS keeps (gitattributes(5)). Pure functions on its text."""

import re
from collections.abc import Iterable
from fnmatch import translate

NAME = ".gitattributes"
LFS = "filter=lfs diff=lfs merge=lfs -text"


def with_lfs(written: str, paths: Iterable[str]) -> str:
    """The text with LFS for these files, behind what the author has written; said before is not said again."""
    known = set(written.splitlines())
    missing = [line for path in sorted(paths) if (line := f"{pattern_of(path)} {LFS}") not in known]
    start = written if not written or written.endswith("\n") else f"{written}\n"
    return start + "".join(f"{line}\n" for line in missing)


def is_lfs(written: str, path: str) -> bool:
    """Whether the text gives a file to LFS: the last pattern that fits decides. Those with ``**`` are passed over."""
    found = False
    for line in written.splitlines():
        pattern, *attributes = line.split() or [""]
        if attributes and not pattern.startswith(("#", '"')) and _fits(pattern, path):
            said = [attribute for attribute in attributes if re.fullmatch(r"[-!]?filter(=.*)?", attribute)]
            found = said[-1] == "filter=lfs" if said else found
    return found or f"{pattern_of(path)} {LFS}" in written.splitlines()


def pattern_of(path: str) -> str:
    """A path as a pattern that means just this file (quoted in the way of C)."""
    pattern = "/" + "".join(f"\\{c}" if c in "*?[\\" else c for c in path)
    if not any(c.isspace() or c == '"' for c in pattern):
        return pattern
    return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fits(pattern: str, path: str) -> bool:
    """A pattern without a slash means the name, in whatever folder; ``*`` goes over no slash."""
    if "**" in pattern or "\\" in pattern:
        return False
    name = path if "/" in pattern else path.rsplit("/", 1)[-1]
    pattern = pattern.removeprefix("/")
    return pattern.count("/") == name.count("/") and bool(re.fullmatch(translate(pattern), name))
