"""What image assembly is asked for and what it answers. Sizes are bytes, digests ``sha256:<64 hex digits>``."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from modelyard.rooms.images import errors

Stage = Literal["base", "lock", "wheels", "layers", "manifest", "import"]
OnStage = Callable[[Stage, str], None]
"""Called with a stage and what is happening in it, such as ``wheels``, ``3 of 12 wheels, 40 MB``; from any thread."""


@dataclass(frozen=True, slots=True)
class LayerRef:
    """An uncompressed tar layer that the blob store holds; ``title`` says what is in it."""

    digest: str
    size: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class SystemPackage:
    """A Debian package of one version and architecture."""

    name: str
    version: str
    architecture: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel file to install: where it is fetched from (``https:`` or ``file:``) and the hash it must have."""

    name: str
    version: str
    filename: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PlatformLock:
    """What was resolved for one platform: a ``pylock.toml`` (PEP 751) and the system packages beyond the base's."""

    wheels: str
    system: tuple[SystemPackage, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """Every exact package of a version, for each platform; kept with the version so that a rebuild is the same."""

    python: str
    platforms: Mapping[str, PlatformLock]

    def to_text(self) -> str:
        document = {
            "format": 1,
            "python": self.python,
            "platforms": {platform: asdict(lock) for platform, lock in sorted(self.platforms.items())},
        }
        return json.dumps(document, indent=1, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> "Lock":
        """Reads what ``to_text`` wrote; raises ``LockRefused`` on anything else."""
        try:
            document = json.loads(text)
            platforms = {
                platform: PlatformLock(lock["wheels"], tuple(SystemPackage(**package) for package in lock["system"]))
                for platform, lock in document["platforms"].items()
            }
            return cls(document["python"], platforms)
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise errors.LockRefused("The lock is not one that this server wrote.") from e


@dataclass(frozen=True, slots=True)
class Artifact:
    """The trained model: a blob, and the file name it gets under ``/app/artifact``."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class AssemblyRequest:
    """One image to assemble.

    ``source`` is a folder with the files of the commit; those named in ``exclude`` (relative, with ``/``) stay out.
    ``target``, ``signature``, ``card``, ``framework`` and ``batch`` go into ``/modelyard/box.json``; so does
    ``operation``, the kind of an operation, whose image runs to its end instead of serving. No ``platforms`` means the
    server's own.
    With ``lock`` nothing is resolved and ``requirements`` and ``system_packages`` are not read.
    """

    source: Path
    target: Mapping[str, Any]
    signature: Mapping[str, Any]
    card: Mapping[str, Any] = field(default_factory=dict)
    requirements: str = ""
    artifact: Artifact | None = None
    exclude: frozenset[str] = frozenset()
    system_packages: Sequence[str] = ()
    python: str = "3.11"
    platforms: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    framework: Mapping[str, Any] | None = None
    batch: Mapping[str, Any] | bool | None = None
    operation: str | None = None
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The lowest layers of an image: an operating system's libraries and one Python.

    ``interpreter`` is its path inside; ``python_version`` the exact one (``3.11.2``); ``glibc`` the C library's version
    (``2.36``), which bounds the wheels that fit; ``source`` says what it was made from; ``suite`` is the Debian suite
    that system packages can be added from and ``status`` what is installed of it (``dpkg`` status stanzas), both empty
    where they are not known.
    """

    platform: str
    python: str
    python_version: str
    interpreter: str
    glibc: str
    source: str
    layers: tuple[LayerRef, ...]
    suite: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """The image of one platform: the digest and size of its manifest, its parsed OCI config, its layers, base first."""

    platform: str
    digest: str
    size: int
    config_digest: str
    config_size: int
    config: Mapping[str, Any]
    layers: tuple[LayerRef, ...]


@dataclass(frozen=True, slots=True)
class AssembledImage:
    """What was assembled. ``digest`` names a manifest, or an index where several platforms were asked for.

    ``size`` is that of all its blobs together, each counted once; ``blobs`` are their digests, to be granted to the
    repository at once: the assembler holds no grants.
    """

    digest: str
    media_type: str
    size: int
    images: tuple[PlatformImage, ...]
    lock: Lock
    blobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrontImage:
    """A front-end image: the digest of its manifest, and of all its blobs, that one among them."""

    digest: str
    blobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArchivedLayer:
    """A layer of an archive; ``open(offset, length)`` yields those of its ``size`` bytes."""

    digest: str
    size: int
    open: Callable[[int, int], Iterator[bytes]]

    @property
    def name(self) -> str:
        """Its file in the archive."""
        return f"{self.digest.removeprefix('sha256:')}/layer.tar"


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """An image of an archive: the name that the engine is to give it, its config as JSON, its layers, base first."""

    reference: str
    config: bytes
    layers: Sequence[ArchivedLayer]

    @property
    def config_name(self) -> str:
        """Its config's file in the archive; the digest is the image's id on the engine."""
        return f"{hashlib.sha256(self.config).hexdigest()}.json"


class NewRegistryCredential(BaseModel):
    """How to sign in to a registry elsewhere; it takes the place of an earlier one to the same registry."""

    registry: str = Field(min_length=1, max_length=255, description="`docker.io`, `ghcr.io`, `host:5000`, …")
    username: str = Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f:]+$")
    secret: SecretStr = Field(min_length=1, max_length=4096, description="Password or token; never shown again.")


class RegistryCredential(BaseModel):
    """A sign-in to a registry elsewhere, without its secret."""

    id: UUID
    registry: str
    username: str
    created_at: datetime
