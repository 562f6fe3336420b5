import dataclasses
import json
import subprocess

import pytest

from modelyard.adapters.registry.pulling import OciRegistry
from modelyard.rooms.images import manifests, service
from modelyard.rooms.images.errors import PythonUnavailable
from modelyard.rooms.images.schemas import AssemblyRequest, LayerRef
from modelyard.rooms.images.tars import link_entry, tar_chunks
from support import registry
from support.supplies import new_supplies, shared_supplies


@pytest.fixture
def reference(tmp_path):
    """A base like the official ones, made of our own base, in Debian's registry: ``python:3.11-slim``.

    Its interpreter is found under ``/usr/local/bin``, and its layers travel compressed.
    """
    supplies = shared_supplies()
    base = service.ensure_base("3.11", "linux/amd64", supplies=supplies)
    local = supplies.blobs.put(tar_chunks([link_entry("usr/local/bin/python3.11", "../../bin/python3.11")]))
    layers = [*base.layers, LayerRef(local.digest, local.size)]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PYTHON_VERSION=3.11.2"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    stored = supplies.blobs.put([manifests.encode(config)])
    document = manifests.encode(manifests.manifest((stored.digest, stored.size), layers))
    manifest = supplies.blobs.put([document])
    folder = tmp_path / "layout"
    (folder / "blobs" / "sha256").mkdir(parents=True)
    for digest in [manifest.digest, stored.digest, *(layer.digest for layer in layers)]:
        (folder / "blobs" / "sha256" / digest[7:]).write_bytes(b"".join(supplies.blobs.open(digest)))
    entry = {"mediaType": manifests.MANIFEST, "digest": manifest.digest, "size": manifest.size}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    push = ["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", "--dest-compress", f"oci:{folder}"]
    subprocess.run([*push, f"docker://{registry.address()}/library/python:3.11-slim"], check=True)
    return f"{registry.address()}/library/python:{{python}}-slim"


def test_without_apt_get_a_base_is_pulled_and_models_are_built_on_it(reference, tmp_path):
    supplies = dataclasses.replace(
        new_supplies(tmp_path / "supplies"), packages=None, registry=OciRegistry(), base_reference=reference
    )
    base = service.ensure_base("3.11", "linux/amd64", supplies=supplies)
    assert (
        base.layers[0].digest == service.ensure_base("3.11", "linux/amd64", supplies=shared_supplies()).layers[0].digest
    )
    assert (base.interpreter, base.glibc, base.python_version) == ("/usr/local/bin/python3.11", "2.36", "3.11.2")
    source = tmp_path / "source"
    source.mkdir()
    (source / "m.py").write_text("def f(x):\n    return x\n")
    request = AssemblyRequest(source=source, target={}, signature={}, requirements="six==1.17.0")
    image = service.assemble(request, supplies=supplies).images[0]
    assert image.config["config"]["Entrypoint"][0] == "/usr/local/bin/python3.11"
    assert image.layers[: len(base.layers)] == base.layers


def test_a_registry_without_such_a_python_is_told_apart(reference, tmp_path):
    supplies = dataclasses.replace(
        new_supplies(tmp_path / "supplies"), packages=None, registry=OciRegistry(), base_reference=reference
    )
    with pytest.raises(PythonUnavailable, match=r"3\.12-slim"):
        service.ensure_base("3.12", "linux/amd64", supplies=supplies)
