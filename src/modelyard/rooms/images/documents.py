"""Manifests and indexes that clients push (image-spec 1.1, and Docker's schema 2): read, and checked by themselves."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelyard.rooms.images.errors import ManifestRefused

MANIFESTS = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
INDEXES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
MAX_BYTES = 4 * 1024**2
MAX_PARTS = 1000
"""Layers of an image, or images of an index."""
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a document refers to; ``size`` in bytes, ``platform`` such as ``linux/amd64``, empty where not said."""

    media_type: str
    digest: str
    size: int
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest (``config`` and ``layers``) or an index (``manifests``).

    ``subject``: the digest of what it is about. ``artifact_type`` of a manifest without one is that of its config.
    """

    media_type: str
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: str | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES

    @property
    def is_image(self) -> bool:
        """Whether a container can be started from it; else it is an artifact of another kind."""
        if self.subject is not None:
            return False
        return bool(self.runnable) if self.is_index else bool(self.config and self.config.media_type in CONFIGS)

    @property
    def runnable(self) -> tuple[Descriptor, ...]:
        """An index's images, without what only describes them (attestations say that their platform is unknown)."""
        return tuple(part for part in self.manifests if part.platform not in ("", "unknown/unknown"))

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What must be a blob of the repository."""
        return (*((self.config,) if self.config else ()), *self.layers)


def parse_document(data: bytes, media_type: str) -> Document:
    """Reads a document that was sent as ``media_type``; raises ``ManifestRefused`` with what is wrong."""
    if len(data) > MAX_BYTES:
        raise _refused(f"It has more than {MAX_BYTES // 1024**2} MiB")
    found = _parse_json(data)
    said = found.get("mediaType", media_type)
    if said != media_type:
        raise _refused(f"It says that it is {said!r}, and was sent as {media_type!r}")
    if media_type not in MANIFESTS | INDEXES:
        raise _refused(f"{media_type!r} is not a media type that this registry knows")
    if found.get("schemaVersion") != 2:
        raise _refused("Its schemaVersion is not 2")
    if "manifests" in found and ("layers" in found or "config" in found):
        raise _refused("It has both 'layers' and 'manifests'")
    return _index(found, media_type) if media_type in INDEXES else _manifest(found, media_type)


def is_digest(text: str) -> bool:
    """Whether ``text`` is a digest that this registry knows: ``sha256:`` and 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def _manifest(found: Mapping[str, Any], media_type: str) -> Document:
    config = _descriptor(found.get("config"), "config")
    return Document(
        media_type,
        config=config,
        layers=_descriptors(found.get("layers"), "layers"),
        subject=_subject(found),
        artifact_type=_text(found, "artifactType") or config.media_type,
        annotations=_annotations(found),
    )


def _index(found: Mapping[str, Any], media_type: str) -> Document:
    return Document(
        media_type,
        manifests=_descriptors(found.get("manifests"), "manifests"),
        subject=_subject(found),
        artifact_type=_text(found, "artifactType"),
        annotations=_annotations(found),
    )


def _parse_json(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as e:
        raise _refused("It is not JSON") from e
    if not isinstance(found, dict):
        raise _refused("It is not a JSON object")
    return found


def _descriptors(found: Any, where: str) -> tuple[Descriptor, ...]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise _refused(f"'{where}' is not a list")
    if len(found) > MAX_PARTS:
        raise _refused(f"'{where}' has more than {MAX_PARTS} entries")
    return tuple(_descriptor(each, f"{where}/{number}") for number, each in enumerate(found))


def _descriptor(found: Any, where: str) -> Descriptor:
    if not isinstance(found, Mapping):
        raise _refused(f"'{where}' is not a descriptor")
    media_type, digest, size = (found.get(name) for name in ("mediaType", "digest", "size"))
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        raise _refused(f"'{where}' has no media type")
    if not isinstance(digest, str) or not is_digest(digest):
        raise _refused(f"'{where}' has no digest of the form sha256:…")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise _refused(f"'{where}' has no size")
    return Descriptor(media_type, digest, size, _platform(found.get("platform"), where))


def _platform(found: Any, where: str) -> str:
    if found is None:
        return ""
    if not isinstance(found, Mapping):
        raise _refused(f"'{where}/platform' is not an object")
    return f"{found.get('os')}/{found.get('architecture')}"[:100]


def _subject(found: Mapping[str, Any]) -> str | None:
    return _descriptor(found["subject"], "subject").digest if found.get("subject") is not None else None


def _text(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    if value is not None and (not isinstance(value, str) or not _MEDIA_TYPE.fullmatch(value)):
        raise _refused(f"'{name}' is not a media type")
    return value


def _annotations(found: Mapping[str, Any]) -> Mapping[str, str]:
    annotations = found.get("annotations") or {}
    if not isinstance(annotations, Mapping) or not all(isinstance(text, str) for text in annotations.values()):
        raise _refused("'annotations' is not an object of texts")
    return annotations


def _refused(what: str) -> ManifestRefused:
    return ManifestRefused(f"{what}.", remedy="See the OCI image specification 1.1.", field="manifest")
