"""Names of files in archives: which of them need no second look."""

import re

PART = r"[A-Za-z0-9_][A-Za-z0-9_.\-+=,@() ]*"
PLAIN = re.compile(rf"(?:{PART}/)*{PART}/?")
MAX_PLAIN = 200


def is_plain(path: str) -> bool:
    """Whether a name is safe on every file system beyond doubt; the others have to be looked at closely."""
    return len(path) <= MAX_PLAIN and PLAIN.fullmatch(path) is not None and path.count("/") < 20


def shown(path: str) -> str:
    """A name for a message: one line, cut."""
    return path[:80] if path[:80].isprintable() else ascii(path[:80])
