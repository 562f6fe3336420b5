"""The outside world of image assembly: where packages and base images come from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.images.schemas import SystemPackage, Wheel
from modelyard.rooms.repos.schemas import Repository


class WheelSource(Protocol):
    """Resolves Python requirements and fetches wheels. Thread-safe; all verbs may block on the network.

    A package index that does not answer raises ``errors.IndexUnavailable``.
    """

    def lock(self, requirements: str, *, python: str, platform: str, glibc: str) -> str:
        """Resolves to a ``pylock.toml`` with one or more wheels for each package, for that platform and C library.

        Raises ``errors.UnknownPackage``, ``errors.PackagesConflict`` or ``errors.NoWheel`` with the reason in words.
        """
        ...

    def fetch(self, wheel: Wheel, target: Path, *, on_bytes: Callable[[int], None]) -> None:
        """Writes the wheel's file to ``target``, after its hash was checked; ``on_bytes`` gets each chunk's length.

        Raises ``errors.WheelRefused`` where the hash differs. Leaves no ``target`` behind when it fails.
        """
        ...


class PackageSource(Protocol):
    """Resolves and fetches Debian packages of a suite, with the archive's signatures checked."""

    def resolve(
        self, names: Sequence[str], *, suite: str, architecture: str, installed: str, refresh: bool
    ) -> list[SystemPackage]:
        """The packages that ``names`` need beyond ``installed`` (``dpkg`` status stanzas), in a fixed order.

        ``refresh``: with today's package lists. Raises ``errors.UnknownSystemPackage``, ``errors.MirrorUnavailable``.
        """
        ...

    def fetch(self, packages: Sequence[SystemPackage], target: Path, *, suite: str, architecture: str) -> list[Path]:
        """Fetches exactly these packages into the folder ``target``; answers their files in the same order.

        Raises ``errors.UnknownSystemPackage`` for a version that the archive no longer has.
        """
        ...


@dataclass(frozen=True, slots=True)
class RemoteLayer:
    """A layer of an image elsewhere: ``digest`` as it is sent, ``diff_id`` that of the uncompressed tar."""

    digest: str
    media_type: str
    diff_id: str


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """An image of one platform in a registry: the digest of its manifest, its config and its layers, base first."""

    reference: str
    digest: str
    config: Mapping[str, Any]
    layers: tuple[RemoteLayer, ...]


class ImageSource(Protocol):
    """Pulls from OCI registries. Raises ``errors.RegistryUnavailable``; everything read is checked by its digest."""

    def find(self, reference: str, *, platform: str) -> RemoteImage | None:
        """The image of that platform, or None where the registry has no such image."""
        ...

    def read_layer(self, image: RemoteImage, layer: RemoteLayer) -> Iterator[bytes]:
        """Yields the layer's tar, uncompressed."""
        ...


class PushedImages(Protocol):
    """Learns of images that clients push; implemented by the room that makes versions."""

    def pushed(self, principal: Principal, repository: Repository, *, digest: str, tag: str) -> None:
        """An image of the repository got a tag: its first one makes the next version. May be repeated; blocks."""
        ...


Login = tuple[str, str]
"""User name and password (or token) at a registry."""


@dataclass(frozen=True, slots=True)
class RemoteDocument:
    """A manifest or index of another registry, as it was sent."""

    digest: str
    media_type: str
    data: bytes


class RemoteRegistries(Protocol):
    """Reads registries that people name, as they are: bytes, not images.

    Raises ``errors.RegistryUnavailable``, ``errors.RegistryAddressRefused`` for one that it is not to call,
    ``errors.RemoteImageMissing`` for what is not there or not shown to that login, ``errors.RegistrySignInRefused``
    where the login itself is refused. Digests are checked.
    """

    def read_document(self, reference: str, *, login: Login | None) -> RemoteDocument:
        """The manifest or index behind a reference."""
        ...

    def read_blob(self, reference: str, digest: str, *, login: Login | None) -> Iterator[bytes]:
        """Yields a blob of the reference's repository, as it is kept there."""
        ...
