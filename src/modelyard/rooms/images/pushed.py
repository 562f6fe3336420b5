"""Images that clients push into the registry: recorded with what they refer to, listed, taken out again.

A manifest holds its parts: each is granted to the repository for ``manifest:<digest>``. What was uploaded and no
manifest refers to goes when its upload expires.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.content import service as content
from modelyard.rooms.images import registry_rules, store
from modelyard.rooms.images.documents import Descriptor, Document
from modelyard.rooms.images.errors import ImageKept, ManifestIncomplete, ManifestMissing
from modelyard.rooms.images.tables import ManifestRow

UPLOADED = "upload:"


def record_document(
    session: Session, document: Document, *, digest: str, size: int, repository_id: UUID, tag: str | None, clock: Clock
) -> None:
    """Shows a document that was just stored in the registry, by its digest and its tag. May be repeated.

    Raises ``ManifestIncomplete`` where the repository does not hold something that it refers to.
    """
    _require_blobs(session, repository_id, document.blobs)
    _require_manifests(session, repository_id, document.manifests)
    why = registry_rules.manifest_reason(digest)
    content.record_blob(session, digest=digest, size=size, holder_id=repository_id, why=why, clock=clock)
    for part in {part.digest for part in (*document.blobs, *document.manifests)}:
        content.grant(session, holder_id=repository_id, digest=part, why=why, clock=clock)
    values = {
        "repository_id": repository_id,
        "digest": digest,
        "media_type": document.media_type,
        "size": size,
        "refers_to": [part.digest for part in document.manifests],
        "subject": document.subject,
        "artifact_type": document.artifact_type,
        "annotations": dict(document.annotations),
        "created_at": clock(),
    }
    store.insert_manifest(session, values)
    if tag is not None:
        store.set_tag(session, repository_id, tag, digest, clock())


def list_referrers(
    session: Session, *, repository_id: UUID, subject: str, artifact_type: str | None
) -> list[dict[str, Any]]:
    """Descriptors of what is about a manifest (its signatures, say), oldest first; of one type where it is given."""
    found = store.referrers(session, repository_id, subject)
    return [_referrer(row) for row in found if artifact_type in (None, row.artifact_type)]


def remove_tag(session: Session, *, repository_id: UUID, tag: str) -> None:
    """Takes a tag from its image, which stays. Raises ``ManifestMissing``, and ``TagReserved`` for a version's."""
    registry_rules.check_tag(tag)
    if store.tag(session, repository_id, tag) is None:
        raise ManifestMissing(f"There is no tag {tag}.", remedy="See the list of tags.")
    store.delete_tag(session, repository_id, tag)


def remove_document(session: Session, *, repository_id: UUID, digest: str) -> None:
    """Takes a manifest or index out, with its tags. Raises ``ManifestMissing``, and ``ImageKept`` while a version or an
    index stands on it."""
    if store.manifest(session, repository_id, digest) is None:
        raise ManifestMissing(f"There is no image {digest}.", remedy="See the list of tags.")
    versions = [tag for tag in store.tags_of(session, repository_id, digest) if registry_rules.is_version_tag(tag)]
    if versions:
        raise ImageKept(f"It is the image of {', '.join(versions)}.", remedy="Delete that version instead.")
    if digest in _referred(store.manifests(session, repository_id)):
        raise ImageKept("An index refers to it.", remedy="Delete the index first.")
    if content.grants_of(session, holder_id=repository_id, digest=digest) != [registry_rules.manifest_reason(digest)]:
        raise ImageKept("A version that is being made stands on it.", remedy="Delete that version instead.")
    _forget(session, repository_id, digest)


def remove_blob(session: Session, *, repository_id: UUID, digest: str) -> None:
    """Gives up an uploaded blob. Raises ``BlobMissing``, and ``ImageKept`` while anything else refers to it."""
    reasons = content.grants_of(session, holder_id=repository_id, digest=digest)
    if not reasons:
        raise content.missing(digest)
    if any(not reason.startswith(UPLOADED) for reason in reasons):
        raise ImageKept("A manifest or a file of the repository refers to it.", remedy="Delete that first.")
    content.revoke(session, holder_id=repository_id, prefix=UPLOADED, digest=digest)


def forget_pushed(session: Session, *, repository_id: UUID, digest: str) -> None:
    """Takes an image that no version stands on any more out of the registry, with its tags and its platforms' images.

    One that is gone is no error.
    """
    row = store.manifest(session, repository_id, digest)
    if row is None:
        return
    parts = list(row.refers_to)
    _forget(session, repository_id, digest)
    rest = store.manifests(session, repository_id)
    for part in parts:
        if part not in _referred(rest) and not store.tags_of(session, repository_id, part):
            _forget(session, repository_id, part)


def _forget(session: Session, repository_id: UUID, digest: str) -> None:
    content.revoke(session, holder_id=repository_id, why=registry_rules.manifest_reason(digest))
    store.delete_manifest(session, repository_id, digest)


def _require_blobs(session: Session, repository_id: UUID, parts: Sequence[Descriptor]) -> None:
    held = content.held_sizes(session, holder_id=repository_id, digests=[part.digest for part in parts])
    for part in parts:
        _require(part, held.get(part.digest))


def _require_manifests(session: Session, repository_id: UUID, parts: Sequence[Descriptor]) -> None:
    known = store.manifests_among(session, repository_id, [part.digest for part in parts])
    for part in parts:
        row = known.get(part.digest)
        _require(part, row.size if row else None)
        if row and row.media_type != part.media_type:
            raise ManifestIncomplete(f"{part.digest} is {row.media_type}, not {part.media_type}.", field="manifest")


def _require(part: Descriptor, size: int | None) -> None:
    if size is None:
        raise ManifestIncomplete(f"{part.digest} is not in this repository.", remedy="Push it first.", field="manifest")
    if size != part.size:
        raise ManifestIncomplete(f"{part.digest} has {size} bytes, not {part.size}.", field="manifest")


def _referred(rows: Iterable[ManifestRow]) -> set[str]:
    return {digest for row in rows for digest in row.refers_to}


def _referrer(row: ManifestRow) -> dict[str, Any]:
    known = {"artifactType": row.artifact_type, "annotations": row.annotations}
    return {
        "mediaType": row.media_type,
        "digest": row.digest,
        "size": row.size,
        **{name: value for name, value in known.items() if value},
    }
