"""Images of models: assembled from layers, without a Docker daemon or a Dockerfile."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.kit.errors import StorageFull
from modelyard.rooms.images import assembly, bases, front, importing
from modelyard.rooms.images.archives import archive_members, stored_image
from modelyard.rooms.images.assembly import own_platform
from modelyard.rooms.images.bases import known_bases
from modelyard.rooms.images.copying import Copy, copy_image, look
from modelyard.rooms.images.credentials import ImportTools, login_for
from modelyard.rooms.images.importing import record_imported
from modelyard.rooms.images.inspecting import ImageFacts, PlatformManifest, find_file, labels_of, read_facts
from modelyard.rooms.images.pushed import forget_pushed
from modelyard.rooms.images.records import StoredImage, find_image, forget_tag, own_architecture, record_image
from modelyard.rooms.images.references import without_tag
from modelyard.rooms.images.schemas import AssembledImage, AssemblyRequest, BaseImage, FrontImage, Lock, OnStage, Stage
from modelyard.rooms.images.supplies import Supplies

__all__ = [
    "Copy",
    "ImageFacts",
    "ImportTools",
    "OnStage",
    "PlatformManifest",
    "StoredImage",
    "Supplies",
    "archive_members",
    "assemble",
    "clean_up",
    "copy_image",
    "ensure_base",
    "find_file",
    "find_image",
    "forget_pushed",
    "forget_tag",
    "known_bases",
    "labels_of",
    "lock_requirements",
    "login_for",
    "look",
    "own_platform",
    "read_facts",
    "record_image",
    "record_imported",
    "stored_image",
    "unpack_image",
    "without_tag",
]


@contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("There is no room left to assemble an image.") from e
        raise


def _silent(stage: Stage, text: str) -> None:
    """The listener of those who do not listen."""


def assemble(request: AssemblyRequest, *, supplies: Supplies, on_stage: OnStage = _silent) -> AssembledImage:
    """Assembles the image of a version: blocks for seconds, minutes at worst; call it outside any transaction.

    The digest is a pure function of source, artifact, lock, base, platforms and box. The caller keeps ``lock`` with the
    version and grants ``blobs`` to the repository. Interrupted at any moment, it can be called again. Raises the room's
    errors, ``content.errors.BlobMissing`` and ``kit.errors.StorageFull``.
    """
    with _room_on_disk():
        return assembly.assemble_images(request, supplies=supplies, on_stage=on_stage)


def lock_requirements(request: AssemblyRequest, *, supplies: Supplies, on_stage: OnStage = _silent) -> Lock:
    """Only resolves: every exact package for each platform, without fetching them."""
    with _room_on_disk():
        return assembly.lock_platforms(request, supplies=supplies, on_stage=on_stage)


def ensure_base(python: str, platform: str, *, supplies: Supplies, refresh: bool = False) -> BaseImage:
    """The base image for a Python (``3.11``) and platform; with ``refresh`` made anew of today's packages."""
    with _room_on_disk():
        return bases.ensure_base(python, platform, supplies=supplies, refresh=refresh)


def ensure_front(page: Path, *, python: str, platform: str, supplies: Supplies) -> FrontImage:
    """The front-end image of bundles with the built page of a folder; blocks for seconds when it is made.

    Raises ``FrontUnavailable`` and what ``ensure_base`` raises. The caller grants its ``blobs``.
    """
    with _room_on_disk():
        return front.ensure_front(page, python=python, platform=platform, supplies=supplies)


def unpack_image(digest: str, *, supplies: Supplies, on_stage: OnStage = _silent) -> PlatformManifest:
    """Unpacks a pushed image for the server's own platform; blocks. Raises what ``importing.unpack_image`` raises."""
    with _room_on_disk():
        return importing.unpack_image(supplies, digest, architecture=own_architecture(), on_stage=on_stage)


def clean_up(*, supplies: Supplies) -> None:
    """Removes what interrupted assemblies and replaced bases left behind; call it at start-up."""
    supplies.cache.clean()
    bases.forget_old_interpreters(supplies=supplies)
