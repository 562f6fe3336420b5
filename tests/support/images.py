"""Container images made by hand, for tests of registries: as blobs, and as a folder in OCI layout for skopeo."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.programs import need

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
GZIPPED = f"{LAYER}+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass
class MadeImage:
    """An image or index as blobs by digest; ``digest`` names the document, which is of ``media_type``."""

    digest: str
    media_type: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    platform: str = "amd64"

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.blobs[self.digest])

    @property
    def parts(self) -> dict[str, bytes]:
        """What is pushed as blobs."""
        return {digest: data for digest, data in self.blobs.items() if b'"schemaVersion"' not in data[:200]}


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer(files: Mapping[str, str | bytes | None], *, mode: int = 0o755) -> bytes:
    """An uncompressed layer; None is an empty file, as whiteouts are, a name that ends in ``/`` a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            data = content.encode() if isinstance(content, str) else content or b""
            info.size, info.mode = len(data), mode
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def image(
    *layers: bytes,
    architecture: str = "amd64",
    sent: Sequence[bytes] | None = None,
    docker: bool = False,
    diff_ids: Sequence[str] | None = None,
    **running: Any,
) -> MadeImage:
    """An image of uncompressed ``layers``; ``sent`` are the same as they travel (gzip unless given)."""
    sent = [gzip.compress(each, 1, mtime=0) for each in layers] if sent is None else sent
    rootfs = {"type": "layers", "diff_ids": list(diff_ids or (digest_of(each) for each in layers))}
    running = {"Cmd": ["/bin/true"], **running}
    config = encoded({"architecture": architecture, "os": "linux", "config": running, "rootfs": rootfs})
    media_type, config_type, layer_type = MANIFEST, CONFIG, GZIPPED
    if docker:
        media_type, config_type, layer_type = DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(config, config_type),
        "layers": [descriptor(each, layer_type) for each in sent],
    }
    return of_document(document, {digest_of(data): data for data in (config, *sent)}, architecture)


def index(*images: MadeImage, **more: Any) -> MadeImage:
    """An index over images of several platforms."""
    entries = [
        {
            "mediaType": each.media_type,
            "digest": each.digest,
            "size": len(each.blobs[each.digest]),
            "platform": {"os": "linux", "architecture": each.platform},
        }
        for each in images
    ]
    blobs = {digest: data for each in images for digest, data in each.blobs.items()}
    return of_document({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, **more}, blobs)


def of_document(document: Mapping[str, Any], blobs: Mapping[str, bytes], platform: str = "amd64") -> MadeImage:
    data = encoded(document)
    return MadeImage(digest_of(data), document["mediaType"], {**blobs, digest_of(data): data}, platform)


def descriptor(data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def write_layout(made: MadeImage, folder: Path) -> Path:
    """The image as a folder that skopeo calls ``oci:FOLDER``."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for digest, data in made.blobs.items():
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
    entry = {"mediaType": made.media_type, "digest": made.digest, "size": len(made.blobs[made.digest])}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def skopeo(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Runs skopeo without anybody's credentials but those in the arguments."""
    argv = [need("skopeo", package="skopeo"), "--insecure-policy", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "REGISTRY_AUTH_FILE": f"{home}/none.json"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
