import gzip
import hashlib
import json
import subprocess

import pytest
import zstandard

from modelyard.adapters.registry.pulling import OciRegistry
from modelyard.rooms.images.errors import ReferenceRefused, RegistryUnavailable
from modelyard.rooms.images.references import parse_reference
from support import registry
from support.ports import free_port
from support.token_registry import TokenRegistry

LAYER = b"a layer" * 1000
CONFIG = {"architecture": "amd64", "os": "linux", "config": {}}


def digest_of(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def make_image(layers, architecture="amd64", media_type="application/vnd.oci.image.layer.v1.tar+gzip"):
    """Blobs of an image whose ``layers`` are pairs of sent and plain bytes; the manifest comes last."""
    rootfs = {"type": "layers", "diff_ids": [digest_of(plain) for _, plain in layers]}
    config = json.dumps(CONFIG | {"architecture": architecture, "rootfs": rootfs}).encode()
    blobs = {digest_of(data): data for data in [config, *(sent for sent, _ in layers)]}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(config),
            "size": len(config),
        },
        "layers": [{"mediaType": media_type, "digest": digest_of(sent), "size": len(sent)} for sent, _ in layers],
    }
    data = json.dumps(manifest).encode()
    return blobs | {digest_of(data): data}


@pytest.fixture
def server():
    with TokenRegistry() as running:
        yield running
        running.shutdown()


def publish(server, tag, blobs):
    server.blobs |= blobs
    server.tags[tag] = list(blobs)[-1]
    return f"{server.address}/team/base:{tag}"


COMPRESSED = {
    "gzip": gzip.compress(LAYER),
    "gzip in members": gzip.compress(LAYER[:100]) + gzip.compress(LAYER[100:]),
    "zstd": zstandard.compress(LAYER),
    "plain": LAYER,
}


@pytest.mark.parametrize("how", list(COMPRESSED))
def test_layers_are_read_uncompressed_with_a_token(server, how):
    reference = publish(server, "one", make_image([(COMPRESSED[how], LAYER)]))
    source = OciRegistry()
    image = source.find(reference, platform="linux/amd64")
    assert image.layers[0].diff_id == digest_of(LAYER)
    assert b"".join(source.read_layer(image, image.layers[0])) == LAYER
    assert sum(path.startswith("/token") for path in server.asked) == 1
    assert "scope=repository%3Ateam%2Fbase%3Apull" in next(path for path in server.asked if path.startswith("/token"))


def test_the_platform_is_found_in_an_index(server):
    images = {name: make_image([(LAYER + name.encode(), LAYER + name.encode())], name) for name in ("amd64", "arm64")}
    entries = [
        {"digest": list(blobs)[-1], "platform": {"os": "linux", "architecture": name}} for name, blobs in images.items()
    ]
    index = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    reference = publish(server, "both", images["amd64"] | images["arm64"] | {digest_of(index): index})
    source = OciRegistry()
    assert source.find(reference, platform="linux/arm64").config["architecture"] == "arm64"
    assert source.find(reference, platform="linux/amd64").digest == entries[0]["digest"]
    entries[1]["platform"]["os"] = "windows"
    other = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    assert source.find(publish(server, "one", {digest_of(other): other}), platform="linux/arm64") is None


def test_what_is_not_there_is_none(server):
    assert OciRegistry().find(f"{server.address}/team/base:gone", platform="linux/amd64") is None
    reference = publish(server, "one", make_image([(LAYER, LAYER)]))
    assert OciRegistry().find(reference, platform="linux/arm64") is None, "the image is another platform's"


def test_credentials_are_sent_to_the_token_server(server):
    server.user = "Basic dXNlcjpwYXNz"
    reference = publish(server, "one", make_image([(LAYER, LAYER)]))
    assert OciRegistry({server.address: ("user", "pass")}).find(reference, platform="linux/amd64")
    with pytest.raises(RegistryUnavailable, match="only to those who sign in"):
        OciRegistry().find(reference, platform="linux/amd64")


def test_other_bytes_than_the_digest_says_are_refused(server):
    blobs = make_image([(LAYER, LAYER)])
    reference = publish(server, "one", blobs)
    source = OciRegistry()
    image = source.find(reference, platform="linux/amd64")
    server.blobs[image.layers[0].digest] = LAYER + b"x"
    with pytest.raises(RegistryUnavailable, match="digest"):
        b"".join(source.read_layer(image, image.layers[0]))
    server.blobs[json.loads(server.blobs[image.digest])["config"]["digest"]] = b"{}"
    with pytest.raises(RegistryUnavailable):
        source.find(reference, platform="linux/amd64")
    server.blobs[image.digest] = b"{}"
    with pytest.raises(RegistryUnavailable):
        source.find(f"{server.address}/team/base@{image.digest}", platform="linux/amd64")


def test_a_layer_that_ends_early_is_refused(server):
    cut = gzip.compress(LAYER)[:-20]
    source = OciRegistry()
    image = source.find(publish(server, "one", make_image([(cut, LAYER)])), platform="linux/amd64")
    with pytest.raises(RegistryUnavailable):
        b"".join(source.read_layer(image, image.layers[0]))


def test_a_registry_that_does_not_answer():
    with pytest.raises(RegistryUnavailable):
        OciRegistry().find(f"127.0.0.1:{free_port()}/team/base:one", platform="linux/amd64")


@pytest.mark.parametrize(
    ("text", "url", "wanted"),
    [
        ("python:3.12-slim", "https://registry-1.docker.io/v2/library/python", "3.12-slim"),
        ("docker.io/library/python", "https://registry-1.docker.io/v2/library/python", "latest"),
        ("team/base", "https://registry-1.docker.io/v2/team/base", "latest"),
        ("localhost/x:1", "http://localhost/v2/x", "1"),
        ("[::1]:5000/x:1", "http://[::1]:5000/v2/x", "1"),
        ("quay.example:5000/a/b/c:1", "https://quay.example:5000/v2/a/b/c", "1"),
        (f"quay.example/a:1@sha256:{'0' * 64}", "https://quay.example/v2/a", f"sha256:{'0' * 64}"),
    ],
)
def test_references_are_read_as_docker_does(text, url, wanted):
    reference = parse_reference(text)
    assert (reference.url, reference.wanted) == (url, wanted)


@pytest.mark.parametrize("text", ["", "Upper/case", "quay.example/", "a b", "quay.example/../x", "x@sha256:00"])
def test_other_texts_are_no_references(text):
    with pytest.raises(ReferenceRefused):
        parse_reference(text)


def test_debians_registry_is_read(tmp_path):
    blobs = make_image([(LAYER, LAYER)], media_type="application/vnd.oci.image.layer.v1.tar")
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    for digest, data in blobs.items():
        (tmp_path / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(data)
    manifest = list(blobs)[-1]
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": manifest,
        "size": len(blobs[manifest]),
    }
    (tmp_path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    reference = f"{registry.address()}/pulled/base:one"
    push = ["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", f"oci:{tmp_path}"]
    subprocess.run([*push, f"docker://{reference}"], check=True)
    source = OciRegistry()
    image = source.find(reference, platform="linux/amd64")
    assert b"".join(source.read_layer(image, image.layers[0])) == LAYER
