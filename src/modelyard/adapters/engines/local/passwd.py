"""Users that an image names rather than numbers: ``USER app`` is looked up in the image's own ``/etc/passwd``."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from modelyard.adapters.engines.local.links import Layer
from modelyard.rooms.runs.ports import ContainerSpec

MAX_BYTES = 1024**2


def with_numbers(spec: ContainerSpec, layers: Sequence[Layer]) -> ContainerSpec:
    """The spec with numbers for the image's user and group, where it has names that its layers know (passwd(5))."""
    running = spec.image.config.get("config") or {}
    user, _, group = str(running.get("User") or "").partition(":")
    if not user or (user.isdecimal() and (not group or group.isdecimal())):
        return spec
    entry = _entry(layers, "passwd", user) if not user.isdecimal() else [user, "", user, user]
    if entry is None:
        return spec
    uid, gid = entry[2], entry[3]
    if group:
        found = None if group.isdecimal() else _entry(layers, "group", group)
        gid = found[2] if found else group
    config = {**spec.image.config, "config": {**running, "User": f"{uid}:{gid}"}}
    return replace(spec, image=replace(spec.image, config=config))


def _entry(layers: Sequence[Layer], file: str, name: str) -> list[str] | None:
    """The fields of a name's line in the topmost ``/etc/FILE``; None where there is none."""
    for line in _lines(layers, file):
        fields = line.split(":")
        if fields[0] == name and len(fields) > 3:
            return fields
    return None


def _lines(layers: Sequence[Layer], file: str) -> Iterator[str]:
    """Links are not followed: they would lead out of the layer."""
    for layer in reversed(layers):
        path: Path = layer.path / "etc" / file
        if path.parent.is_symlink() or path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as opened:
            yield from opened.read(MAX_BYTES).decode(errors="replace").splitlines()
        return
