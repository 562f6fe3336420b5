"""What an image in the content store says of itself, before anything of it runs. Nothing here is trusted: whoever
pushed the image wrote it."""

import io
import json
import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images.documents import INDEXES, MANIFESTS, Document, is_digest, parse_document
from modelyard.rooms.images.errors import ImageInvalid, LayerBroken, ManifestMissing
from modelyard.rooms.images.layers import BlobFile

MAX_CONFIG_BYTES = 4 * 1024**2
BUFFER = 64 * 1024


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image or index: ``platforms`` such as ``linux/amd64``, the labels of its first platform's image, and the size
    in bytes of all that it refers to, each counted once."""

    digest: str
    platforms: tuple[str, ...]
    labels: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True)
class PlatformManifest:
    """The manifest of one platform, its document and its parsed config."""

    digest: str
    document: Document
    config: Mapping[str, Any]
    diff_ids: tuple[str, ...] = field(default=())


def read_facts(blobs: BlobStore, digest: str) -> ImageFacts:
    """What is known of an image whose blobs are all here; a config that cannot be read says nothing."""
    document = read_document(blobs, digest)
    manifests = [part.digest for part in document.runnable] if document.is_index else [digest]
    documents = {each: read_document(blobs, each) for each in manifests}
    configs = [_config_if_any(blobs, each) for each in documents.values()]
    platforms = [part.platform for part in document.runnable] if document.is_index else [platform_of(configs[0])]
    parts = {
        part.digest: part.size for each in (document, *documents.values()) for part in (*each.blobs, *each.manifests)
    }
    return ImageFacts(
        digest=digest,
        platforms=tuple(dict.fromkeys(platforms)),
        labels=next((found for config in configs if (found := labels_of(config))), {}),
        size=sum(parts.values()),
    )


def read_platform(blobs: BlobStore, digest: str, *, architecture: str) -> PlatformManifest:
    """The image of one architecture behind a manifest or index, checked: a parsed config with a ``diff_id`` for each
    layer. Raises ``ImageInvalid``, and ``ManifestMissing`` where there is none for it."""
    document = read_document(blobs, digest)
    if document.is_index:
        wanted = f"linux/{architecture}"
        entry = next((part for part in document.runnable if part.platform == wanted), None)
        if entry is None:
            raise _no_variant(wanted)
        digest, document = entry.digest, read_document(blobs, entry.digest)
    config = read_config(blobs, document)
    if platform_of(config) != f"linux/{architecture}":
        raise _no_variant(f"linux/{architecture}")
    return PlatformManifest(digest, document, config, _diff_ids(config, document))


def read_document(blobs: BlobStore, digest: str) -> Document:
    """A manifest or index that was accepted before."""
    data = b"".join(blobs.open(digest))
    said = json.loads(data).get("mediaType")
    if said in MANIFESTS | INDEXES:
        return parse_document(data, said)
    is_index = "manifests" in json.loads(data)
    return parse_document(data, next(m for m in (INDEXES if is_index else MANIFESTS) if ".oci." in m))


def read_config(blobs: BlobStore, document: Document) -> Mapping[str, Any]:
    """The config of an image; raises ``ImageInvalid`` where it is none."""
    config = document.config
    if config is None or config.size > MAX_CONFIG_BYTES:
        raise ImageInvalid("The image has no config, or one that is too large.", remedy="Build it again and push it.")
    return parse_config(b"".join(blobs.open(config.digest)))


def parse_config(data: bytes) -> Mapping[str, Any]:
    """The config of an image; raises ``ImageInvalid`` where it is none."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as e:
        raise ImageInvalid("The image's config is not JSON.", remedy="Build the image again and push it.") from e
    if not isinstance(found, dict) or not isinstance(found.get("config") or {}, dict):
        raise ImageInvalid("The image's config is not an OCI image config.", remedy="Build it again and push it.")
    return found


def platform_of(config: Mapping[str, Any]) -> str:
    """Such as ``linux/amd64``."""
    return f"{config.get('os')}/{config.get('architecture')}"[:100]


def labels_of(config: Mapping[str, Any]) -> dict[str, str]:
    """The labels of an image's config."""
    labels = (config.get("config") or {}).get("Labels") or {}
    return {name: text for name, text in labels.items() if isinstance(text, str)} if isinstance(labels, dict) else {}


def command_of(config: Mapping[str, Any]) -> list[str]:
    """What the image starts: entry point and command; empty where it does not say."""
    said = config.get("config") or {}
    words = [*(said.get("Entrypoint") or []), *(said.get("Cmd") or [])]
    return [word for word in words if isinstance(word, str)]


def find_file(blobs: BlobStore, layers: tuple[str, ...], path: str, *, limit: int) -> bytes | None:
    """A plain file of the image, None where it has none; ``layers`` are uncompressed, base first.

    Every layer above the file is read through, so that one that is no tar archive is found: ``LayerBroken``. Raises
    ``ImageInvalid`` for a file of more than ``limit`` bytes, or what is no plain file.
    """
    for number in range(len(layers) - 1, -1, -1):
        found = _Found(path, limit)
        try:
            found.look(blobs, layers[number])
        except (tarfile.TarError, ValueError, OverflowError) as e:
            raise LayerBroken(
                f"Layer {number + 1} of {len(layers)} is not a tar archive: {e}",
                remedy="Build the image again and push it.",
            ) from e
        if found.data is not None or found.is_hidden:
            return found.data
    return None


class _Found:
    """What one layer says of a path: its content, or that what lies below is hidden by a whiteout."""

    def __init__(self, path: str, limit: int) -> None:
        self._path, self._limit = path, limit
        self._whiteouts = _whiteouts(path)
        self.data: bytes | None = None
        self.is_hidden = False

    def look(self, blobs: BlobStore, digest: str) -> None:
        stored = blobs.stat(digest)
        if stored is None:
            raise BlobMissing(f"There is no layer {digest}.")
        file = io.BufferedReader(BlobFile(blobs, digest, stored.size), BUFFER)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for info in archive:
                name = posixpath.normpath(info.name.lstrip("/"))
                if name in self._whiteouts:
                    self.is_hidden = True
                elif name == self._path:
                    self.data = self._read(archive, info)

    def _read(self, archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
        file = archive.extractfile(info) if info.isreg() else None
        if file is None or info.size > self._limit:
            raise ImageInvalid(
                f"/{self._path} is not a plain file of at most {self._limit // 1024} KiB.", remedy="Make it one."
            )
        return file.read()


def _whiteouts(path: str) -> frozenset[str]:
    """Names that hide the path in layers below (image-spec, "Whiteouts")."""
    names, parent = set(), path
    while parent:
        parent, name = posixpath.split(parent)
        names |= {posixpath.join(parent, f".wh.{name}"), posixpath.join(parent, ".wh..wh..opq")}
    return frozenset(names)


def _config_if_any(blobs: BlobStore, document: Document) -> Mapping[str, Any]:
    try:
        return read_config(blobs, document)
    except (ImageInvalid, BlobMissing):
        return {}


def _diff_ids(config: Mapping[str, Any], document: Document) -> tuple[str, ...]:
    rootfs = config.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or not all(isinstance(each, str) and is_digest(each) for each in diff_ids):
        raise ImageInvalid("The image's config has no list of diff_ids.", remedy="Build it again and push it.")
    if len(diff_ids) != len(document.layers):
        raise ImageInvalid(
            f"The config names {len(diff_ids)} layers, the manifest {len(document.layers)}.",
            remedy="Build the image again and push it.",
        )
    return tuple(diff_ids)


def _no_variant(platform: str) -> ManifestMissing:
    return ManifestMissing(f"The image has no variant for {platform}.", remedy="Push it for that platform too.")
