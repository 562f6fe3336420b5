"""Makes a pushed image ready for engines: each layer is unpacked into an uncompressed blob and compared with the
``diff_id`` that the config names. What was unpacked once is remembered by the layer's digest."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import DigestMismatch
from modelyard.rooms.content.ports import StoredBlob
from modelyard.rooms.images import inspecting, rules, store
from modelyard.rooms.images.errors import ImageInvalid, ManifestMissing
from modelyard.rooms.images.inspecting import PlatformManifest
from modelyard.rooms.images.schemas import OnStage
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.images.unpacking import MAX_LAYER_BYTES, uncompressed

UNPACKED = "unpacked"


def unpack_image(supplies: Supplies, digest: str, *, architecture: str, on_stage: OnStage) -> PlatformManifest:
    """Unpacks the image of one architecture; its ``diff_ids`` are blobs then. Blocks; may be repeated.

    Raises ``ManifestMissing`` where there is none for it, ``ImageInvalid``, ``LayerBroken``.
    """
    found = inspecting.read_platform(supplies.blobs, digest, architecture=architecture)
    if not inspecting.command_of(found.config):
        raise ImageInvalid("The image does not say what to start.", remedy="Give it an ENTRYPOINT or a CMD.")
    count, size = len(found.diff_ids), sum(part.size for part in found.document.layers)
    for number, (part, diff_id) in enumerate(zip(found.document.layers, found.diff_ids, strict=True), 1):
        on_stage("import", f"layer {number} of {count}, {rules.human_size(size)} in all")
        _unpack(supplies, part.digest, diff_id, f"Layer {number} of {count}")
    return found


def record_imported(
    session: Session,
    *,
    digest: str,
    parts: Iterable[StoredBlob],
    repository_id: UUID,
    tag: str,
    clock: Clock,
) -> None:
    """Grants an unpacked image to the version ``tag`` and shows it in the registry under that tag. May be repeated.

    ``parts`` were found in the store before. Raises ``ManifestMissing`` where the image was removed meanwhile.
    """
    if store.manifest(session, repository_id, digest) is None:
        raise ManifestMissing(f"The image {digest} was removed.", remedy="Push it again.")
    for blob in parts:
        content.record_blob(
            session, digest=blob.digest, size=blob.size, holder_id=repository_id, why=f"image:{tag}", clock=clock
        )
    store.set_tag(session, repository_id, tag, digest, clock())


def _unpack(supplies: Supplies, digest: str, diff_id: str, name: str) -> None:
    key = digest.removeprefix("sha256:")
    known = supplies.cache.read(UNPACKED, key) or {}
    if known.get("diff_id") == diff_id and supplies.blobs.stat(diff_id):
        return
    if digest != diff_id:
        chunks = uncompressed(supplies.blobs.open(digest), limit=MAX_LAYER_BYTES)
        try:
            supplies.blobs.put(chunks, expected=diff_id)
        except DigestMismatch as e:
            raise ImageInvalid(
                f"{name} does not unpack to the diff_id {diff_id} that the config names.",
                remedy="Build the image again and push it.",
            ) from e
    supplies.cache.write(UNPACKED, key, {"diff_id": diff_id})
