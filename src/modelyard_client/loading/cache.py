"""Files of datasets on this machine, by digest: fetched once, whichever version or process asks.

The folder is ``$MODELYARD_CACHE``, else ``modelyard/data`` in the user's caches. A file there was checked when it came
and never changes; any of them may be deleted while nobody reads it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelyard_client.datasets import Progress

try:
    import fcntl
except ImportError:  # Windows: two processes may then fetch the same file, each to a name of its own
    fcntl = None  # type: ignore[assignment]

VARIABLE = "MODELYARD_CACHE"

Fetch = Callable[[Mapping[str, Any], Path, Progress], None]


def default_folder() -> Path:
    """Where files are kept unless the caller says otherwise."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelyard" / "data"


def obtain(folder: Path, entry: Mapping[str, Any], fetch: Fetch, progress: Progress) -> Path:
    """The file of ``entry`` (``digest``, ``size``), fetched where it is not there.

    ``fetch`` resumes, checks the digest, and puts the file in place at once. Of several processes one fetches; the
    others wait for it.
    """
    target = folder / str(entry["digest"]).replace(":", "-")
    if _is_whole(target, entry):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(f"{target.name}.lock")):
        if not _is_whole(target, entry):
            fetch(entry, target, progress)
    return target


def _is_whole(target: Path, entry: Mapping[str, Any]) -> bool:
    return target.is_file() and target.stat().st_size == entry["size"]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
