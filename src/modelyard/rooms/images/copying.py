"""Copies an image from another registry into a repository, as it is: the same documents, the same bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore, StoredBlob
from modelyard.rooms.images import inspecting, pushed, registry_rules, rules
from modelyard.rooms.images.documents import CONFIGS, Descriptor, Document, parse_document
from modelyard.rooms.images.errors import ImageInvalid, RegistryUnavailable, RemoteImageMissing
from modelyard.rooms.images.inspecting import ImageFacts
from modelyard.rooms.images.ports import Login, RemoteDocument, RemoteRegistries
from modelyard.rooms.repos import service as repos

MAX_PLATFORMS = 64
MAX_NESTING = 3
"""Indexes within indexes."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What copying works with; ``reference`` names the image by its digest, ``max_bytes`` bounds each blob."""

    database: Database
    blobs: BlobStore
    remotes: RemoteRegistries
    clock: Clock
    repository_id: UUID
    reference: str
    login: Login | None
    max_bytes: int


def look(remotes: RemoteRegistries, reference: str, *, login: Login | None) -> ImageFacts:
    """What another registry says of an image, by its documents alone. Blocks on the network.

    Raises ``RegistryUnavailable``, ``RemoteImageMissing``, ``ManifestRefused``, and ``ImageInvalid`` where it is none.
    """
    found = remotes.read_document(reference, login=login)
    document = parse_document(found.data, found.media_type)
    if not document.is_image:
        raise ImageInvalid(f"{reference} is not a container image.", remedy="Name an image.", field="image")
    manifests = [document]
    if len(document.runnable) > MAX_PLATFORMS:
        raise ImageInvalid(f"{reference} is for more than {MAX_PLATFORMS} platforms.", field="image")
    if document.is_index:
        manifests = [_read(remotes, reference, part, login) for part in document.runnable]
    configs = [_config(remotes, reference, each, login) for each in manifests]
    parts = {part.digest: part.size for each in (document, *manifests) for part in (*each.blobs, *each.manifests)}
    return ImageFacts(
        digest=found.digest,
        platforms=tuple(dict.fromkeys(inspecting.platform_of(config) for config in configs)),
        labels=next((labels for config in configs if (labels := inspecting.labels_of(config))), {}),
        size=sum(parts.values()),
    )


def copy_image(copy: Copy, *, on_text: Callable[[str], None]) -> None:
    """Brings the image's documents and blobs here and shows it by its digest. May be repeated: what came stays."""
    found = copy.remotes.read_document(copy.reference, login=copy.login)
    _copy(copy, found, on_text, MAX_NESTING)


def _copy(copy: Copy, found: RemoteDocument, on_text: Callable[[str], None], nesting: int) -> None:
    document = parse_document(found.data, found.media_type)
    if nesting == 0:
        raise ImageInvalid("The image's indexes are nested too deeply.", remedy="Import the image of one platform.")
    for part in document.manifests:
        _copy(copy, _at(copy.remotes, copy.reference, part, copy.login), on_text, nesting - 1)
    blobs = [_fetch(copy, part, number, document, on_text) for number, part in enumerate(document.blobs, 1)]
    copy.blobs.put([found.data], expected=found.digest)
    why = registry_rules.manifest_reason(found.digest)
    with copy.database.write() as session:
        repos.require_present(session, copy.repository_id)
        for blob in blobs:
            content.record_blob(
                session, digest=blob.digest, size=blob.size, holder_id=copy.repository_id, why=why, clock=copy.clock
            )
        pushed.record_document(
            session,
            document,
            digest=found.digest,
            size=len(found.data),
            repository_id=copy.repository_id,
            tag=None,
            clock=copy.clock,
        )
    content.require_held(copy.blobs, [found.digest, *(blob.digest for blob in blobs)])


def _fetch(copy: Copy, part: Descriptor, number: int, document: Document, on_text: Callable[[str], None]) -> StoredBlob:
    """A blob that the repository holds is not fetched again."""
    if part.size > copy.max_bytes:
        raise ImageInvalid(f"{part.digest} has {part.size} bytes; at most {copy.max_bytes} are allowed.")
    on_text(f"fetching part {number} of {len(document.blobs)}, {rules.human_size(part.size)}")
    with copy.database.read() as session:
        held = content.holds(session, holder_id=copy.repository_id, digest=part.digest)
    if held and (stored := copy.blobs.stat(part.digest)):
        return stored
    chunks = copy.remotes.read_blob(copy.reference, part.digest, login=copy.login)
    return copy.blobs.put(_bounded(chunks, part), expected=part.digest)


def _bounded(chunks: Iterator[bytes], part: Descriptor) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > part.size:
            raise RegistryUnavailable(f"The registry sent more than the {part.size} bytes of {part.digest}.")
        yield chunk


def _at(remotes: RemoteRegistries, reference: str, part: Descriptor, login: Login | None) -> RemoteDocument:
    name = reference.partition("@")[0]
    found = remotes.read_document(f"{name}@{part.digest}", login=login)
    if found.digest != part.digest:
        raise RemoteImageMissing(f"The registry sent something other than {part.digest}.")
    return found


def _read(remotes: RemoteRegistries, reference: str, part: Descriptor, login: Login | None) -> Document:
    found = _at(remotes, reference, part, login)
    return parse_document(found.data, found.media_type)


def _config(remotes: RemoteRegistries, reference: str, document: Document, login: Login | None) -> dict[str, Any]:
    config = document.config
    if config is None or config.media_type not in CONFIGS or config.size > inspecting.MAX_CONFIG_BYTES:
        return {}
    return dict(
        inspecting.parse_config(b"".join(_bounded(remotes.read_blob(reference, config.digest, login=login), config)))
    )
