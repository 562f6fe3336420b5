"""Pure decisions of image assembly: what goes into which layer, which base, which wheel."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from modelyard.rooms.images import errors
from modelyard.rooms.images.schemas import Wheel

MAX_LAYERS = 40
LARGE_WHEEL_BYTES = 2 * 1024**2
"""A wheel whose installed files take at least this much gets a layer of its own."""

ARCHITECTURES: Mapping[str, str] = {"amd64": "x86_64", "arm64": "aarch64"}
"""OCI's (and Debian's) word for each architecture that images are made for, and the kernel's."""

SUITES: Mapping[str, tuple[str, str]] = {"3.11": ("bookworm", "2.36"), "3.13": ("trixie", "2.41")}
"""Which Debian suite has which Python, and the version of its C library."""

CODENAME_GLIBC: Mapping[str, str] = {
    "bullseye": "2.31",
    "jammy": "2.35",
    "bookworm": "2.36",
    "noble": "2.39",
    "trixie": "2.41",
}
OLDEST_GLIBC = "2.28"


def parse_platform(platform: str) -> str:
    """The architecture of a platform such as ``linux/amd64``; raises ``PlatformUnknown``."""
    system, _, architecture = platform.partition("/")
    if system == "linux" and architecture in ARCHITECTURES:
        return architecture
    known = ", ".join(f"linux/{name}" for name in ARCHITECTURES)
    raise errors.PlatformUnknown(f"{platform!r} is not one of {known}.", remedy=f"Choose {known}.", field="platforms")


def platform_of_machine(machine: str) -> str:
    """The platform of a kernel's machine name: ``x86_64`` → ``linux/amd64``; raises ``PlatformUnknown``."""
    for architecture, name in ARCHITECTURES.items():
        if machine in (architecture, name):
            return f"linux/{architecture}"
    raise errors.PlatformUnknown(f"This server runs on {machine!r}, for which no images can be made.")


def check_python(python: str) -> str:
    """A Python version of the form ``3.N``; raises ``PythonUnavailable``."""
    if re.fullmatch(r"3\.(?:[89]|[1-9]\d)", python):
        return python
    raise errors.PythonUnavailable(
        f"{python!r} is not a Python version of the form 3.11.", remedy="Name one such as 3.11 or 3.13.", field="python"
    )


def check_requirements(text: str) -> list[str]:
    """The requirement lines of a requirements file, comments left out.

    Requirements are data: an option (``-i``, ``-r`` …), a URL, VCS or path requirement, or a variable raises
    ``RequirementRefused`` with its line, because what it names would be read on the server's behalf.
    """
    return [
        line for number, raw in enumerate(text.splitlines(), 1) if (line := _check_requirement(raw, number)) is not None
    ]


def check_system_packages(names: Iterable[str]) -> list[str]:
    """Sorted, distinct names of Debian packages (Debian Policy 5.6.1); raises ``UnknownSystemPackage``."""
    distinct = sorted(set(names))
    for name in distinct:
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]{1,99}", name) or name.endswith(("-", "+")):
            raise errors.UnknownSystemPackage(f"{name!r} is not the name of a Debian package.", field="system_packages")
    return distinct


def choose_wheel(candidates: Sequence[Wheel], *, python: str, platform: str, glibc: str) -> Wheel | None:
    """The candidate whose tags an installer on that platform prefers; None where none fits."""
    ranks = supported_tags(python, platform, glibc)
    ranked = [(rank, wheel.filename, wheel) for wheel in candidates if (rank := _rank(wheel, ranks)) is not None]
    return min(ranked)[2] if ranked else None


@lru_cache(maxsize=32)
def supported_tags(python: str, platform: str, glibc: str) -> Mapping[Tag, int]:
    """Wheel tags that fit, with their rank, 0 the best (PEP 425, PEP 600): every glibc from the base's down to 2.5."""
    machine = ARCHITECTURES[parse_platform(platform)]
    major, minor = (int(part) for part in python.split("."))
    newest = int(glibc.split(".")[1])
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for level in range(newest, 4, -1):
        platforms.append(f"manylinux_2_{level}_{machine}")
        if level in legacy and (level == 17 or machine == "x86_64"):
            platforms.append(f"{legacy[level]}_{machine}")
    platforms.append(f"linux_{machine}")
    interpreter = f"cp{major}{minor}"
    tags = [
        *cpython_tags((major, minor), [interpreter], platforms),
        *compatible_tags((major, minor), interpreter, platforms),
    ]
    return {tag: rank for rank, tag in enumerate(dict.fromkeys(tags))}


@dataclass(frozen=True, slots=True)
class SizedWheel:
    """A wheel's layer: its name for ordering, and its size in bytes."""

    name: str
    size: int


def plan_layers(wheels: Iterable[SizedWheel], *, budget: int) -> list[tuple[str, ...]]:
    """Groups wheels into at most ``budget`` layers (at least 1): the small ones together first, then each large one.

    Where there are too many large ones, the smallest of them join the first group. Order within and between groups is
    by name, so the plan depends on the set of wheels alone. No wheels, no groups.
    """
    ordered = sorted(wheels, key=lambda wheel: (wheel.size, wheel.name))
    together = [wheel for wheel in ordered if wheel.size < LARGE_WHEEL_BYTES]
    alone = ordered[len(together) :]
    excess = len(alone) + bool(together) - budget
    if excess > 0:
        count = excess if together else excess + 1
        together, alone = together + alone[:count], alone[count:]
    groups = [tuple(sorted(wheel.name for wheel in together))] if together else []
    return groups + [(wheel.name,) for wheel in sorted(alone, key=lambda wheel: wheel.name)]


def cache_key(*parts: object) -> str:
    """A short, stable file name for what is made from ``parts`` (JSON values) alone."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def human_size(size: int) -> str:
    """``40 MB``: for progress lines."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _check_requirement(raw: str, number: int) -> str | None:
    line = re.sub(r"(^|\s)#.*$", "", raw).strip()
    if not line:
        return None
    try:
        requirement = Requirement(line)
    except InvalidRequirement as e:
        raise _refused(raw, number, "is not a requirement of the form name==1.0") from e
    if requirement.url:
        raise _refused(raw, number, "names a URL")
    if "${" in line:
        raise _refused(raw, number, "uses a variable")
    return line


def _refused(raw: str, number: int, why: str) -> errors.RequirementRefused:
    return errors.RequirementRefused(
        f"Line {number} of the requirements, {raw.strip()[:100]!r}, {why}.",
        remedy="Write plain requirements; package indexes are configured by the server's operator.",
        field="requirements",
    )


def _rank(wheel: Wheel, ranks: Mapping[Tag, int]) -> int | None:
    try:
        tags = parse_wheel_filename(wheel.filename)[3]
    except InvalidWheelFilename:
        return None
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)


def parse_range(value: str | None) -> tuple[int, int | None] | None:
    """(offset, length) of a ``Range`` header with one range of bytes; the length is None up to the end.

    None for no header and for what is not understood, which is then answered whole (RFC 9110, 14.2).
    """
    match = re.fullmatch(r"bytes=(\d{1,18})-(\d{1,18})?", value or "", re.ASCII)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < first:
        return None
    return first, None if last is None else last - first + 1
