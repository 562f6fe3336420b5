"""Running a program of an image on the host's root: isolation level ``none``.

There is no other root to change to, so paths are rewritten: what exists in the image gets the unpacked root before it,
what lies under a mount gets the mount's source, ``/tmp`` becomes a folder of the container's own. A program is started
by the image's own dynamic loader and libraries. Programs see where they are by ``MODELYARD_ROOT`` (the folder that
stands for ``/``) and ``MODELYARD_LOADER`` (the loader with its options, a word a line, to put before ``--argv0 PROGRAM
PROGRAM`` to start another one).
"""

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.runs.errors import EngineRefused

_PROGRAM_INTERPRETER = 3
_LIBRARIES = ("usr/local/lib", "lib/{triple}", "usr/lib/{triple}", "lib64", "usr/lib64", "lib", "usr/lib")
_ARGUMENT_ZERO = "--argv0"
"""The option of the loader of glibc 2.33 and newer that comes between it and the program."""
_MAX_LINKS = 40
_MAX_SCRIPTS = 4


@dataclass(frozen=True, slots=True)
class HostView:
    """How the paths of a container look on the host. ``places``: the host's path for paths inside, beside the root."""

    root: Path
    places: Mapping[str, Path]

    def path(self, inside: str) -> str:
        """The host's path; a path that neither the image nor a mount has stays as it is."""
        for target in sorted(self.places, key=len, reverse=True):
            if inside == target or inside.startswith(f"{target}/"):
                return str(self.places[target]) + inside[len(target) :]
        if inside.startswith("/") and inside != "/" and os.path.lexists(self.resolve(inside)):
            return f"{self.root}{inside}"
        return inside

    def resolve(self, inside: str) -> Path:
        """Where a path of the image leads, links followed as if the root were ``/``; it need not exist."""
        waiting, done, links = inside.split("/")[::-1], self.root, 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done.parent if done != self.root else done
                continue
            step = done / part
            if step.is_symlink() and links < _MAX_LINKS:
                links += 1
                target = os.readlink(step)
                done = self.root if target.startswith("/") else done
                waiting += target.split("/")[::-1]
            else:
                done = step
        return done


def host_environment(view: HostView, environment: Mapping[str, str], command: Sequence[str]) -> dict[str, str]:
    """The variables with the paths in them rewritten, and those that say where ``command``, a host command, is."""
    rewritten = {name: view.path(value) for name, value in environment.items()}
    for name in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH"):
        if name in environment:
            rewritten[name] = ":".join(f"{view.root}{folder}" for folder in environment[name].split(":") if folder)
    rewritten["MODELYARD_ROOT"] = str(view.root)
    if _ARGUMENT_ZERO in command:
        rewritten["MODELYARD_LOADER"] = "\n".join(command[: command.index(_ARGUMENT_ZERO)])
    return rewritten


def host_command(view: HostView, command: Sequence[str], search: str) -> list[str]:
    """The command as the host can execute it; ``search`` is the image's PATH. ``EngineRefused`` if it is absent."""
    return _start(view, _find(view, command[0], search), [view.path(word) for word in command[1:]], search, 0)


def _start(view: HostView, inside: str, rest: list[str], search: str, depth: int) -> list[str]:
    shown, real = view.path(inside), view.resolve(inside)
    shebang = _shebang(real)
    if shebang and depth < _MAX_SCRIPTS:
        interpreter, *words = _without_env(shebang)
        return _start(view, _find(view, interpreter, search), [*words, shown, *rest], search, depth + 1)
    loader = _loader_for(view, real)
    if loader:
        return [*loader, _ARGUMENT_ZERO, shown, str(real), *rest]
    return [shown, *rest]


def _without_env(words: list[str]) -> list[str]:
    """What ``#!/usr/bin/env NAME`` stands for: env itself would start NAME with the host's loader."""
    named = " ".join(words[1:]).removeprefix("-S ").split()
    plain = os.path.basename(words[0]) == "env" and named and not named[0].startswith("-")
    return named if plain else words


def _find(view: HostView, name: str, search: str) -> str:
    candidates = [name] if "/" in name else [f"{folder}/{name}" for folder in search.split(":") if folder]
    for candidate in candidates:
        real = view.resolve(candidate)
        if real.is_file() and os.access(real, os.X_OK):
            return candidate
    raise EngineRefused(f"The command {name} is not in the image.", field="command")


def _loader_for(view: HostView, program: Path) -> list[str]:
    """The image's dynamic loader with its options; empty for a static program or none."""
    interpreter = elf_interpreter(program)
    if not interpreter:
        return []
    loader = view.resolve(interpreter)
    if not loader.is_file():
        raise EngineRefused(f"The image has no {interpreter}, which {program.name} needs.", field="command")
    return [str(loader), "--library-path", ":".join(_library_folders(view))]


def _library_folders(view: HostView) -> list[str]:
    triple = f"{os.uname().machine}-linux-gnu"
    folders = [f"/{name.format(triple=triple)}" for name in _LIBRARIES]
    for file in sorted(view.resolve("/etc/ld.so.conf.d").glob("*.conf")):
        folders += [line.strip() for line in file.read_text(errors="replace").splitlines() if line.startswith("/")]
    real = [str(view.resolve(folder)) for folder in folders if view.resolve(folder).is_dir()]
    return list(dict.fromkeys(real))


def elf_interpreter(program: Path) -> str | None:
    """The path in the program's PT_INTERP header (elf(5), 64 bit, little endian); None where there is none."""
    try:
        with program.open("rb") as file:
            header = file.read(64)
            if header[:6] != b"\x7fELF\x02\x01":
                return None
            table, size, count = struct.unpack_from("<32xQ14xHH", header)
            file.seek(table)
            entries = file.read(size * count)
            for index in range(count):
                kind, offset, length = struct.unpack_from("<I4xQ16xQ", entries, index * size)
                if kind == _PROGRAM_INTERPRETER:
                    file.seek(offset)
                    return os.fsdecode(file.read(length).rstrip(b"\0"))
    except (OSError, struct.error):
        return None
    return None


def _shebang(file: Path) -> list[str]:
    try:
        with file.open("rb") as opened:
            line = opened.readline(256)
    except OSError:
        return []
    return os.fsdecode(line[2:]).strip().split(None, 1) if line.startswith(b"#!") else []
