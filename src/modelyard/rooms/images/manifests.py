"""OCI documents (image-spec 1.1): config, manifest, index. Their bytes follow from what they say alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.rooms.images import rules
from modelyard.rooms.images.schemas import AssemblyRequest, BaseImage, LayerRef, PlatformImage

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EPOCH = "1970-01-01T00:00:00Z"
USER = "10001:10001"
PORT = "8000/tcp"


def encode(document: Mapping[str, Any]) -> bytes:
    """Canonical JSON: equal documents have equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def image_config(
    request: AssemblyRequest, base: BaseImage, layers: Sequence[LayerRef], *, box_version: str
) -> dict[str, Any]:
    """The image's configuration: how it is started, what is in it, and the signature as a label."""
    running = {
        "User": USER,
        **({} if request.operation else {"ExposedPorts": {PORT: {}}}),
        "Env": _environment(base),
        "Entrypoint": [base.interpreter, "-I", "-S", "/modelyard/box/modelyard_box"],
        "Cmd": ["run" if request.operation else "serve"],
        "WorkingDir": "/app/src",
        "Labels": _labels(request, base, box_version),
    }
    return plain_config(base, layers, running)


def plain_config(base: BaseImage, layers: Sequence[LayerRef], running: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of an image on ``base``; ``running`` says how it is started, in the specification's words."""
    return {
        "architecture": rules.parse_platform(base.platform),
        "os": "linux",
        "created": EPOCH,
        "config": dict(running),
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created": EPOCH, "created_by": f"modelyard: {layer.title}"} for layer in layers],
    }


def manifest(config: tuple[str, int], layers: Sequence[LayerRef]) -> dict[str, Any]:
    """The manifest of one platform; ``config`` is the digest and size of its config."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": config[0], "size": config[1]},
        "layers": [{"mediaType": LAYER, "digest": layer.digest, "size": layer.size} for layer in layers],
    }


def index(images: Sequence[PlatformImage]) -> dict[str, Any]:
    """The index over the images of several platforms, in a fixed order."""
    return {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [
            {
                "mediaType": MANIFEST,
                "digest": image.digest,
                "size": image.size,
                "platform": {"os": "linux", "architecture": rules.parse_platform(image.platform)},
            }
            for image in sorted(images, key=lambda image: image.platform)
        ],
    }


def _environment(base: BaseImage) -> list[str]:
    path = "/app/bin:/usr/bin:/bin"
    if base.interpreter.startswith("/usr/local/"):
        path = "/app/bin:/usr/local/bin:/usr/bin:/bin"
    python = ["PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"]
    return [f"PATH={path}", "LANG=C.UTF-8", *python, "HOME=/tmp", "MODELYARD_IN=/in", "MODELYARD_OUT=/out"]


def _labels(request: AssemblyRequest, base: BaseImage, box_version: str) -> dict[str, str]:
    card = {name: request.card.get(name) for name in ("title", "description")}
    signature = json.dumps(request.signature, separators=(",", ":"), ensure_ascii=False)
    operation = {}
    if request.operation is not None:
        schema = json.dumps(request.signature["inputs"], separators=(",", ":"), ensure_ascii=False)
        operation = {"io.modelyard.kind": request.operation, "io.modelyard.schema": schema}
    return {
        **{f"org.opencontainers.image.{name}": str(value) for name, value in card.items() if value},
        **request.labels,
        "io.modelyard.base": base.source,
        "io.modelyard.signature": signature,
        "io.modelyard.box": box_version,
        **operation,
    }
