"""Blobs that break or vanish: a bundle is never passed off as good."""

import hashlib
import json
from pathlib import Path

import pytest

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.streams import StreamBroken
from modelyard.rooms.bundles import service
from modelyard.rooms.bundles.schemas import Bundle
from modelyard.rooms.content.errors import BlobDamaged, BlobMissing
from modelyard.rooms.images import service as images
from support.supplies import new_supplies

LAYER = bytes(range(256)) * 20_000


def bundle_of(blobs: LocalBlobStore) -> tuple[Bundle, str]:
    """A bundle of two images that share a layer of some megabytes, and that layer's digest."""
    layer = blobs.put([LAYER])
    config = blobs.put([b'{"architecture": "amd64"}'])
    described = {"digest": layer.digest, "size": layer.size, "mediaType": "layer"}
    manifest = blobs.put([json.dumps({"config": {"digest": config.digest}, "layers": [described]}).encode()])
    both = [images.stored_image(blobs, manifest.digest, reference=name) for name in ("localhost/a:v1", "localhost/f:1")]
    return service.assemble_bundle("a-v1-amd64.tar", [("README.md", b"steps")], both, made_at=1), layer.digest


def replace(blobs: LocalBlobStore, digest: str, data: bytes) -> None:
    path = blobs.path(digest)
    path.unlink()
    path.write_bytes(data)


def test_the_checksum_is_that_of_the_stream_and_is_remembered(tmp_path: Path) -> None:
    supplies = new_supplies(tmp_path)
    bundle, layer = bundle_of(supplies.blobs)  # type: ignore[arg-type]
    data = b"".join(bundle.stream.read())
    assert len(data) == bundle.stream.size
    assert data.count(LAYER) == 1
    found = service.compute_checksum(bundle, supplies=supplies)
    assert found == hashlib.sha256(data).hexdigest()
    supplies.blobs.delete(layer)
    assert service.compute_checksum(bundle, supplies=supplies) == found


def test_a_layer_with_other_bytes_gets_no_checksum(tmp_path: Path) -> None:
    supplies = new_supplies(tmp_path)
    bundle, layer = bundle_of(supplies.blobs)  # type: ignore[arg-type]
    replace(supplies.blobs, layer, LAYER[:-1] + b"x")  # type: ignore[arg-type]
    with pytest.raises(BlobDamaged):
        service.compute_checksum(bundle, supplies=supplies)
    replace(supplies.blobs, layer, LAYER)  # type: ignore[arg-type]
    assert service.compute_checksum(bundle, supplies=supplies)


@pytest.mark.parametrize("data", [LAYER[:-1], b""])
def test_a_layer_that_is_too_short_ends_the_stream_before_what_follows(tmp_path: Path, data: bytes) -> None:
    blobs = LocalBlobStore(tmp_path)
    bundle, layer = bundle_of(blobs)
    whole = b"".join(bundle.stream.read())
    replace(blobs, layer, data)
    got = bytearray()
    with pytest.raises(StreamBroken):
        for chunk in bundle.stream.read():
            got += chunk
    assert whole.startswith(bytes(got))
    assert len(got) < len(whole)


def test_a_layer_that_vanishes_ends_the_stream(tmp_path: Path) -> None:
    blobs = LocalBlobStore(tmp_path)
    bundle, layer = bundle_of(blobs)
    whole = b"".join(bundle.stream.read())
    chunks = bundle.stream.read()
    got = next(chunks)
    blobs.delete(layer)
    with pytest.raises(BlobMissing):
        for chunk in chunks:
            got += chunk
    assert whole.startswith(got)


def test_a_config_with_other_bytes_is_refused(tmp_path: Path) -> None:
    blobs = LocalBlobStore(tmp_path)
    config = blobs.put([b"{}"])
    manifest = blobs.put([json.dumps({"config": {"digest": config.digest}, "layers": []}).encode()])
    replace(blobs, config.digest, b"[]")
    with pytest.raises(BlobDamaged):
        images.stored_image(blobs, manifest.digest, reference="x:1")
