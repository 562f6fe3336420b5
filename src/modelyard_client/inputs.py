"""What runs are given to work on: data that the server has, or files of this machine, which are sent."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard_client.errors import Refused
from modelyard_client.transport import Transport
from modelyard_client.uploads import Progress, UploadMemory, upload_file

Source = str | Path | Sequence[str | Path] | Mapping[str, Any]
"""``owner/data@v2``, ``owner/data@v2/train/`` (below a folder), ``owner/data@v2/a.csv``, ``run:ID``, ``run:ID/a.csv``,
``run:ID:name`` (what that run was given under a name), a file or folder of this machine or several of them; or what the
API calls an input's source."""

Send = Callable[[Path], str]
"""Sends a file and returns the id of its upload."""

MOST_FILES = 1000

_DATASET = re.compile(r"(?P<dataset>[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*@v[1-9]\d*)(?:/(?P<path>.*))?")
_NEWEST = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*")
_RUN = re.compile(r"run:(?P<run>[0-9a-fA-F-]{32,36})(?:/(?P<path>.*)|:(?P<input>.+))?")


def sender(transport: Transport, *, progress: Progress | None = None, memory: UploadMemory | None = None) -> Send:
    """Sends files, resumably."""
    return lambda path: upload_file(transport, path, progress=progress, memory=memory)


def read_source(source: Source, send: Send) -> dict[str, Any]:
    """An input's source as the API takes it; files of this machine have been sent then.

    ``owner/data`` without a version is a path where there is such a file or folder here, else the newest version.
    Raises ``Refused`` for what is neither known to be data of the server nor to be found here.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str) and (there := _on_server(source)):
        return there
    return {"uploads": _sent([source] if isinstance(source, str | Path) else source, send)}


def files_below(paths: Sequence[Path]) -> dict[str, Path]:
    """Files by the path they are to have: a file under its name, those of a folder below it.

    Raises ``Refused`` for links, for two of the same path, and unless there are 1 to 1000.
    """
    found: dict[str, Path] = {}
    for given in paths:
        inner = sorted(p for p in given.rglob("*") if p.is_file()) if given.is_dir() else [given]
        for file in inner:
            name = file.relative_to(given).as_posix() if given.is_dir() else file.name
            if file.is_symlink() or name in found:
                raise _unsuitable(f"{file} is a link, or there twice.", "Give every file once, as itself.")
            found[name] = file
    if not 0 < len(found) <= MOST_FILES:
        raise _unsuitable(
            f"There are {len(found)} files.", f"Give 1 to {MOST_FILES} files; a dataset takes more, as a zip."
        )
    return found


def _on_server(text: str) -> dict[str, Any] | None:
    if named := _DATASET.fullmatch(text) or _RUN.fullmatch(text):
        return {key: value for key, value in named.groupdict().items() if value}
    if text.startswith("run:"):
        raise _unsuitable(f"'{text}' names no run.", "Write run:ID, run:ID/path or run:ID:input.")
    if not Path(text).exists() and _NEWEST.fullmatch(text):
        return {"dataset": text}
    return None


def _sent(sources: Sequence[str | Path], send: Send) -> list[dict[str, str]]:
    paths = [Path(source) for source in sources]
    for path in paths:
        if not path.exists():
            raise _unsuitable(
                f"There is no {path} here.", "Give a file or folder, owner/data@v2, or run:ID.", code="file_missing"
            )
    return [{"upload": send(file), "path": name} for name, file in files_below(paths).items()]


def _unsuitable(detail: str, remedy: str, *, code: str = "files_unsuitable") -> Refused:
    return Refused(detail, code=code, remedy=remedy)
