"""The ``docker save`` archive of images (Docker image specification v1.2), which Docker and Podman load."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence

from modelyard.kit.streams import Part, tar_member
from modelyard.rooms.content.errors import BlobDamaged
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images.schemas import ArchivedImage, ArchivedLayer


def stored_image(blobs: BlobStore, digest: str, *, reference: str) -> ArchivedImage:
    """The image behind a manifest, as an engine is to know it: with its own config, so under the id it has everywhere.

    Raises ``content.errors.BlobMissing`` where the store lacks the manifest or the config, ``BlobDamaged`` where they
    are not what they were.
    """
    manifest = json.loads(_whole(blobs, digest))
    config = _whole(blobs, manifest["config"]["digest"])
    return ArchivedImage(reference, config, [_layer(blobs, **layer) for layer in manifest["layers"]])


def _whole(blobs: BlobStore, digest: str) -> bytes:
    data = b"".join(blobs.open(digest))
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise BlobDamaged(digest)
    return data


def _layer(blobs: BlobStore, *, digest: str, size: int, **_other: str) -> ArchivedLayer:
    def read(offset: int, length: int) -> Iterator[bytes]:
        return blobs.open(digest, offset=offset, length=length)

    return ArchivedLayer(digest, size, read)


def archive_members(images: Sequence[ArchivedImage], *, left_out: Collection[str] = ()) -> Iterator[Part]:
    """The members of the archive, each layer once under its digest, without the layers ``left_out``.

    An engine reads the manifest after unpacking all, Podman as it goes: it comes first.
    """
    manifest = [
        {"Config": image.config_name, "RepoTags": [image.reference], "Layers": [layer.name for layer in image.layers]}
        for image in images
    ]
    yield from tar_member("manifest.json", json.dumps(manifest).encode())
    for name, config in {image.config_name: image.config for image in images}.items():
        yield from tar_member(name, config)
    sent = set(left_out)
    for layer in [layer for image in images for layer in image.layers]:
        if layer.digest not in sent:
            sent.add(layer.digest)
            yield from tar_member(layer.name, Part(layer.size, layer.open))
