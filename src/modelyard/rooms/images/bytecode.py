"""Bytecode for image layers, compiled by the base's own interpreter.

What the compiler writes depends a little on what the process compiled before (marshal's references count objects). So
sources are cut into fixed portions, and each portion is compiled by a fresh process: the same sources give the same
bytes, on however many cores.
"""

import os
import posixpath
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.images.tars import Entry, file_entry

WORKER = (Path(__file__).parent / "bytecode_worker.py").read_text()
PORTION_FILES = 150
PORTION_TIMEOUT_S = 300
_processes = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that this machine can start: its command line, environment, and exact version (``3.11.2``)."""

    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    version: str

    @property
    def tag(self) -> str:
        """What ``__pycache__`` file names carry (PEP 3147)."""
        major, minor = self.version.split(".")[:2]
        return f"cpython-{major}{minor}"


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file: its path in the layer (relative to the image's root) and its bytes."""

    path: str
    data: bytes


def compile_sources(sources: Sequence[Source], interpreter: Interpreter) -> list[Entry]:
    """The ``__pycache__`` entries of those sources that compile, in any order of calls the same bytes."""
    ordered = sorted(sources, key=lambda source: source.path)
    portions = [ordered[start : start + PORTION_FILES] for start in range(0, len(ordered), PORTION_FILES)]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        compiled = [
            pyc for portion in pool.map(lambda p: _compile_portion(p, interpreter), portions) for pyc in portion
        ]
    return [
        file_entry(_cache_path(source.path, interpreter), pyc)
        for source, pyc in zip(ordered, compiled, strict=True)
        if pyc
    ]


def is_wanted(path: str) -> bool:
    """Whether a file's bytecode is worth its space: tests are seldom imported, and compile when they are."""
    return path.endswith(".py") and not {"tests", "test"} & set(path.split("/")[:-1])


def _compile_portion(portion: Sequence[Source], interpreter: Interpreter) -> list[bytes]:
    """The bytecode of each source; a source on which the compiler itself dies gets none, its neighbours theirs."""
    try:
        with _processes:
            return list(_run(portion, interpreter))
    except (subprocess.SubprocessError, struct.error):
        if len(portion) == 1:
            return [b""]
        return [pyc for source in portion for pyc in _compile_portion([source], interpreter)]


def _run(portion: Sequence[Source], interpreter: Interpreter) -> Iterator[bytes]:
    request = b"".join(_frame(source) for source in portion)
    answer = subprocess.run(
        [*interpreter.command, "-s", "-S", "-c", WORKER],
        input=request,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(interpreter.environment) | {"PYTHONHASHSEED": "0"},
        timeout=PORTION_TIMEOUT_S,
        check=True,
    ).stdout
    position = 0
    for _ in portion:
        (length,) = struct.unpack_from("!I", answer, position)
        yield answer[position + 4 : position + 4 + length]
        position += 4 + length


def _frame(source: Source) -> bytes:
    path = f"/{source.path}".encode()
    return struct.pack("!II", len(path), len(source.data)) + path + source.data


def _cache_path(path: str, interpreter: Interpreter) -> str:
    folder, name = posixpath.split(path)
    return posixpath.join(folder, "__pycache__", f"{name.removesuffix('.py')}.{interpreter.tag}.pyc")
