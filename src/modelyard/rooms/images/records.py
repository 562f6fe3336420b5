"""Which images a repository has: recording them, finding them again, forgetting them."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore, StoredBlob
from modelyard.rooms.images import store
from modelyard.rooms.images.errors import ManifestMissing
from modelyard.rooms.images.schemas import AssembledImage

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of one platform; ``layers`` are digests of uncompressed tars, base first."""

    digest: str
    config: Mapping[str, Any]
    layers: Sequence[str]


@dataclass(frozen=True, slots=True)
class FoundManifest:
    digest: str
    media_type: str
    size: int


def record_image(
    session: Session,
    image: AssembledImage,
    *,
    stored: Iterable[StoredBlob],
    repository_id: UUID,
    tag: str,
    clock: Clock,
) -> None:
    """Grants the image's blobs to the repository and shows it in the registry under ``tag``. May be repeated.

    ``stored`` are its blobs as ``content.find_stored`` found them before the transaction; after the commit the caller
    makes sure of them with ``content.require_held``.
    """
    sizes = {blob.digest: blob.size for blob in stored}
    for digest in image.blobs:
        content.record_blob(session, digest=digest, size=sizes[digest], holder_id=repository_id, why=f"image:{tag}")
    now = clock()
    parts = [(p.digest, MANIFEST, p.size) for p in image.images]
    if image.media_type == INDEX:
        parts.append((image.digest, INDEX, sizes[image.digest]))
    for digest, media_type, size in parts:
        values = {"repository_id": repository_id, "digest": digest, "media_type": media_type, "size": size}
        store.insert_manifest(session, values | {"refers_to": [], "created_at": now})
    store.set_tag(session, repository_id, tag, image.digest, now)


def forget_tag(session: Session, *, repository_id: UUID, tag: str) -> None:
    """Takes the tag out of the registry and gives up what only it held."""
    store.delete_tag(session, repository_id, tag)
    content.revoke(session, holder_id=repository_id, why=f"image:{tag}")
    for row in store.manifests(session, repository_id):
        if not content.holds(session, holder_id=repository_id, digest=row.digest):
            store.delete_manifest(session, repository_id, row.digest)


def find_manifest(session: Session, *, repository_id: UUID, reference: str) -> FoundManifest:
    """By tag or digest; raises ``ManifestMissing``."""
    digest = reference
    if not reference.startswith("sha256:"):
        row = store.tag(session, repository_id, reference)
        digest = row.digest if row else ""
    found = store.manifest(session, repository_id, digest)
    if found is None:
        raise ManifestMissing(f"There is no image {reference}.", remedy="See the list of versions.")
    return FoundManifest(found.digest, found.media_type, found.size)


def list_tags(session: Session, *, repository_id: UUID, after: str | None, limit: int) -> list[str]:
    return list(store.tags(session, repository_id, after=after, limit=limit))


def find_image(blobs: BlobStore, digest: str, *, architecture: str | None = None) -> StoredImage:
    """The image behind a manifest or index, for the server's architecture unless another is named.

    Of a pushed image the layers are here once it was imported (``importing.unpack_image``). Raises ``ManifestMissing``
    where the index has none for it.
    """
    wanted = architecture or own_architecture()
    document = _read_json(blobs, digest)
    if "manifests" in document:
        entry = next((m for m in document["manifests"] if _architecture(m) == wanted), None)
        if entry is None:
            raise ManifestMissing(f"The image has no variant for {wanted}.", remedy="Push it for that platform too.")
        digest = entry["digest"]
        document = _read_json(blobs, digest)
    config = _read_json(blobs, document["config"]["digest"])
    return StoredImage(digest=digest, config=config, layers=list(config["rootfs"]["diff_ids"]))


def own_architecture() -> str:
    """The server's, in OCI's words."""
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def _architecture(entry: dict[str, Any]) -> str:
    found = entry.get("platform") or {}
    return str(found.get("architecture")) if found.get("os") == "linux" else ""


def _read_json(blobs: BlobStore, digest: str) -> dict[str, Any]:
    return json.loads(b"".join(blobs.open(digest)))
