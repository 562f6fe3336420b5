"""A full disk, said so that the person who pushed and the operator understand it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from modelyard.kit.errors import StorageFull


@contextmanager
def full_disk_explained() -> Iterator[None]:
    """Turns the system's "no space left" or "quota exceeded" into ``StorageFull``; other errors pass."""
    try:
        yield
    except OSError as e:
        if e.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise StorageFull("There is no room left to unpack the push.", remedy="Tell the administrator.") from e
