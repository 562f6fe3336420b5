"""Bases that are pulled from an OCI registry, where there is no ``apt-get`` or Debian has no such Python."""

import posixpath
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from modelyard.rooms.images import errors, rules
from modelyard.rooms.images.layers import BlobFile
from modelyard.rooms.images.ports import ImageSource, RemoteImage
from modelyard.rooms.images.schemas import BaseImage, LayerRef
from modelyard.rooms.images.supplies import Supplies

_READ = ("usr/lib/os-release", "etc/os-release", "var/lib/dpkg/status")
_DEBIAN = ("bullseye", "bookworm", "trixie")


def pull_base(python: str, platform: str, *, supplies: Supplies, registry: ImageSource) -> BaseImage:
    """Pulls the operator's base image for that Python and stores its layers, uncompressed.

    Raises ``PythonUnavailable`` where there is no such image or it has no such interpreter.
    """
    reference = supplies.base_reference.format(python=python)
    image = registry.find(reference, platform=platform)
    if image is None:
        raise errors.PythonUnavailable(f"There is no image {reference} for {platform}.", field="python")
    layers = tuple(_store(image, supplies, registry))
    facts = _Facts(python)
    for layer in layers:
        facts.read(supplies, layer)
    if facts.interpreter is None:
        raise errors.PythonUnavailable(f"The image {reference} has no Python {python}.", field="python")
    return BaseImage(
        platform,
        python,
        _version(image, python),
        facts.interpreter,
        rules.CODENAME_GLIBC.get(facts.codename, rules.OLDEST_GLIBC),
        f"{reference}@{image.digest}",
        layers,
        suite=facts.codename if facts.codename in _DEBIAN else "",
        status=facts.status,
    )


def _store(image: RemoteImage, supplies: Supplies, registry: ImageSource) -> Iterator[LayerRef]:
    for layer in image.layers:
        stored = supplies.blobs.stat(layer.diff_id) or supplies.blobs.put(
            registry.read_layer(image, layer), expected=layer.diff_id
        )
        yield LayerRef(stored.digest, stored.size, image.reference)


@dataclass
class _Facts:
    """What the layers of a base say about it; upper layers are read last and win."""

    python: str
    interpreter: str | None = None
    texts: dict[str, str] = field(default_factory=dict)

    def read(self, supplies: Supplies, layer: LayerRef) -> None:
        with tarfile.open(fileobj=BlobFile(supplies.blobs, layer.digest, layer.size), mode="r:") as archive:
            for info in archive:
                name = posixpath.normpath(info.name.lstrip("/"))
                if re.fullmatch(rf"usr/(?:local/)?bin/python{re.escape(self.python)}", name):
                    self.interpreter = f"/{name}"
                elif name in _READ and info.isfile() and (file := archive.extractfile(info)):
                    self.texts[name] = file.read().decode(errors="replace")

    @property
    def codename(self) -> str:
        release = self.texts.get("usr/lib/os-release") or self.texts.get("etc/os-release", "")
        match = re.search(r"^VERSION_CODENAME=\"?([a-z]+)", release, re.MULTILINE)
        return match.group(1) if match else ""

    @property
    def status(self) -> str:
        return self.texts.get("var/lib/dpkg/status", "")


def _version(image: RemoteImage, python: str) -> str:
    """The exact version as the image announces it (``PYTHON_VERSION``), else the one asked for."""
    environment = image.config.get("config", {}).get("Env") or []
    announced = dict(item.split("=", 1) for item in environment if "=" in item).get("PYTHON_VERSION", "")
    return announced if announced.startswith(f"{python}.") else python
