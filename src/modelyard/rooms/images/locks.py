"""Reads the lock of a platform: a ``pylock.toml`` (PEP 751) names wheels with their hashes."""

import posixpath
import tomllib
from typing import Any
from urllib.parse import unquote, urlsplit

from modelyard.rooms.images import errors, rules
from modelyard.rooms.images.schemas import BaseImage, PlatformLock, Wheel


def locked_wheels(lock: PlatformLock, base: BaseImage) -> list[Wheel]:
    """One wheel of each locked package, sorted by name; raises ``LockRefused`` or ``NoWheel``."""
    try:
        packages = tomllib.loads(lock.wheels).get("packages", []) if lock.wheels else []
        chosen = [_choose(package, base) for package in packages]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as e:
        raise errors.LockRefused("The lock of the Python packages cannot be read.") from e
    return sorted(chosen, key=lambda wheel: wheel.name)


def _choose(package: dict[str, Any], base: BaseImage) -> Wheel:
    candidates = [_wheel(package, wheel) for wheel in package.get("wheels", [])]
    chosen = rules.choose_wheel(candidates, python=base.python, platform=base.platform, glibc=base.glibc)
    if chosen is None:
        raise no_wheel(f"{package['name']} {package.get('version', '')}".strip(), base.platform, base.python)
    return chosen


def _wheel(package: dict[str, Any], wheel: dict[str, Any]) -> Wheel:
    url = wheel.get("url") or f"file://{wheel['path']}"
    return Wheel(
        name=package["name"],
        version=package["version"],
        filename=wheel.get("name") or unquote(posixpath.basename(urlsplit(url).path)),
        url=url,
        sha256=wheel["hashes"]["sha256"],
    )


def no_wheel(package: str, platform: str, python: str) -> errors.NoWheel:
    """The refusal of a package without a wheel that fits, with what to do about it."""
    return errors.NoWheel(
        f"{package} has no wheel for Python {python} on {platform}; packages are not built from source here.",
        remedy="Choose a version or a Python that has one, or build the wheel (`pip wheel NAME`) and ask the server's "
        "operator to put it into the folder or index of extra wheels (find-links).",
        field="requirements",
    )
