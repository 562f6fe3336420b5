"""Manifests and indexes as clients send them: what is read of them, and what is refused."""

import json

import pytest

from modelyard.rooms.images.documents import parse_document
from modelyard.rooms.images.errors import ManifestRefused
from support import images
from support.images import DOCKER_MANIFEST, INDEX, MANIFEST, encoded, layer

HELLO = images.image(layer({"hello": "hello"}))


def wrong_documents() -> dict[str, tuple[object, str]]:
    good = HELLO.document
    entry = {"mediaType": MANIFEST, "digest": HELLO.digest, "size": 3}
    layers = good["layers"]
    return {
        "both layers and manifests": (good | {"manifests": [entry]}, MANIFEST),
        "an index with layers": ({"schemaVersion": 2, "manifests": [entry], "layers": layers}, INDEX),
        "sent as something else": (good, INDEX),
        "an unknown media type": (good | {"mediaType": "text/plain"}, "text/plain"),
        "no media type": ({k: v for k, v in good.items() if k != "mediaType"}, ""),
        "schema 1": (good | {"schemaVersion": 1}, MANIFEST),
        "no config": ({k: v for k, v in good.items() if k != "config"}, MANIFEST),
        "layers that are no list": (good | {"layers": {}}, MANIFEST),
        "a digest that is none": (good | {"layers": [layers[0] | {"digest": "sha256:0"}]}, MANIFEST),
        "another algorithm": (good | {"layers": [layers[0] | {"digest": "sha512:" + "0" * 128}]}, MANIFEST),
        "a size that is none": (good | {"layers": [layers[0] | {"size": -1}]}, MANIFEST),
        "a size of true": (good | {"layers": [layers[0] | {"size": True}]}, MANIFEST),
        "a layer without a type": (good | {"layers": [layers[0] | {"mediaType": "tar"}]}, MANIFEST),
        "annotations that are no texts": (good | {"annotations": {"a": 1}}, MANIFEST),
        "a list": ([good], MANIFEST),
        "endless layers": (good | {"layers": layers * 1001}, MANIFEST),
        "too large": (good | {"annotations": {"a": "x" * 4 * 1024**2}}, MANIFEST),
    }


@pytest.mark.parametrize("what", list(wrong_documents()))
def test_what_is_wrong_in_itself_is_refused(what: str) -> None:
    document, media_type = wrong_documents()[what]
    with pytest.raises(ManifestRefused):
        parse_document(json.dumps(document).encode(), media_type)


def test_images_of_oci_and_docker_are_read() -> None:
    for made, media_type in ((HELLO, MANIFEST), (images.image(layer({}), docker=True), DOCKER_MANIFEST)):
        read = parse_document(made.blobs[made.digest], media_type)
        assert (read.is_image, read.is_index, len(read.blobs)) == (True, False, 2)
    untyped = {key: value for key, value in HELLO.document.items() if key != "mediaType"}
    assert parse_document(encoded(untyped), MANIFEST).is_image


def test_what_only_describes_an_image_is_no_platform_of_an_index() -> None:
    made = images.index(HELLO, images.image(layer({}), architecture="arm64"))
    document = made.document
    attestation = document["manifests"][0] | {"platform": {"os": "unknown", "architecture": "unknown"}}
    read = parse_document(encoded(document | {"manifests": [*document["manifests"], attestation]}), INDEX)
    assert [part.platform for part in read.runnable] == ["linux/amd64", "linux/arm64"]
    assert len(read.manifests) == 3


def test_artifacts_and_what_is_about_something_are_no_images() -> None:
    config = images.descriptor(b"{}", "application/vnd.oci.empty.v1+json")
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    read = parse_document(encoded(document), MANIFEST)
    assert (read.is_image, read.artifact_type) == (False, "application/vnd.oci.empty.v1+json")
    about = HELLO.document | {"subject": HELLO.document["config"], "artifactType": "application/sbom"}
    read = parse_document(encoded(about), MANIFEST)
    assert (read.is_image, read.artifact_type, read.subject) == (False, "application/sbom", about["config"]["digest"])
