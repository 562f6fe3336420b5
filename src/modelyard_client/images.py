"""Pulling an image into a file that Docker, Podman and skopeo load: an OCI layout and a Docker archive in one tar."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from modelyard_client.errors import Missing, ServerFailed
from modelyard_client.transport import Transport

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest"
ACCEPT = {"Accept": f"{MANIFEST}, {INDEX}, {DOCKER}.v2+json, {DOCKER}.list.v2+json"}
PIECE = 1024 * 1024

Progress = Callable[[int, int], None]


def pull_image(
    transport: Transport,
    address: str,
    reference: str,
    target: Path,
    *,
    image_name: str,
    platform: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Writes the image to ``target`` and returns its manifest's digest.

    ``reference`` is a tag or digest; ``platform`` such as ``linux/arm64`` chooses from an image for several. Every blob
    is checked against its digest; the file appears only when it is whole. ``progress`` gets bytes written and in all.
    """
    manifest, raw = _manifest(transport, address, reference, platform)
    unfinished = target.with_name(target.name + ".partial")
    try:
        with unfinished.open("wb") as file:
            _write(transport, address, manifest, raw, file, image_name, progress or (lambda _done, _size: None))
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return _digest(raw)


def _manifest(transport: Transport, address: str, reference: str, platform: str | None) -> tuple[dict[str, Any], bytes]:
    raw = transport.send("GET", f"/v2/{address}/manifests/{reference}", headers=ACCEPT).content
    found = json.loads(raw)
    if "manifests" not in found:
        return found, raw
    choices = {_platform(entry): entry["digest"] for entry in found["manifests"] if "platform" in entry}
    wanted = platform or ("linux/amd64" if "linux/amd64" in choices else next(iter(choices)))
    if wanted not in choices:
        raise Missing(
            f"The image is not made for {wanted}.", code="platform_missing", remedy=f"Choose from {', '.join(choices)}."
        )
    raw = transport.send("GET", f"/v2/{address}/manifests/{choices[wanted]}", headers=ACCEPT).content
    return json.loads(raw), raw


def _platform(entry: dict[str, Any]) -> str:
    return f"{entry['platform']['os']}/{entry['platform']['architecture']}"


def _write(
    transport: Transport,
    address: str,
    manifest: dict[str, Any],
    raw: bytes,
    file: BinaryIO,
    image_name: str,
    progress: Progress,
) -> None:
    descriptors = {d["digest"]: d for d in (manifest["config"], *manifest["layers"])}
    total = sum(d["size"] for d in descriptors.values())
    done = 0
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for digest, descriptor in descriptors.items():
            with transport.stream("GET", f"/v2/{address}/blobs/{digest}") as response:
                body = _Checked(response.iter_bytes(PIECE), digest, partial(_report, progress, done, total))
                _add_blob(tar, digest, descriptor["size"], body)
            done += descriptor["size"]
        for name, data in _indexes(manifest, raw, image_name).items():
            _add(tar, name, io.BytesIO(data), len(data))


def _report(progress: Progress, before: int, total: int, read: int) -> None:
    progress(before + read, total)


def _add_blob(tar: tarfile.TarFile, digest: str, size: int, body: "_Checked") -> None:
    try:
        _add(tar, _blob_path(digest), cast(BinaryIO, body), size)
    except OSError as e:  # how tarfile says that there were too few bytes; or the disk is full
        if e.errno is not None:
            raise
        raise body.damage() from e
    body.finish()


def _indexes(manifest: dict[str, Any], raw: bytes, image_name: str) -> dict[str, bytes]:
    """The files that describe the blobs, in both forms (OCI image-layout 1.0; Docker image spec 1.2)."""
    entry = {
        "mediaType": manifest.get("mediaType", MANIFEST),
        "digest": _digest(raw),
        "size": len(raw),
        "annotations": {
            "io.containerd.image.name": image_name,
            "org.opencontainers.image.ref.name": image_name.rpartition(":")[2],
        },
    }
    docker = {
        "Config": _blob_path(manifest["config"]["digest"]),
        "RepoTags": [image_name],
        "Layers": [_blob_path(layer["digest"]) for layer in manifest["layers"]],
    }
    return {
        _blob_path(_digest(raw)): raw,
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode(),
        "manifest.json": json.dumps([docker]).encode(),
    }


def _add(tar: tarfile.TarFile, name: str, data: BinaryIO, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o644
    tar.addfile(info, data)


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class _Checked:
    """A body as a file that hashes what is read from it."""

    def __init__(self, chunks: Iterator[bytes], digest: str, progress: Callable[[int], None]) -> None:
        self._chunks, self._digest, self._progress = chunks, digest, progress
        self._hash, self._rest, self._read = hashlib.sha256(), b"", 0

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, b"")):
            self._hash.update(chunk)
            self._rest += chunk
        found, self._rest = self._rest[:size], self._rest[size:]
        self._read += len(found)
        self._progress(self._read)
        return found

    def finish(self) -> None:
        """Raises ``ServerFailed`` when the bytes are not those that the digest names, or more than was said."""
        if self._rest or next(self._chunks, b"") or f"sha256:{self._hash.hexdigest()}" != self._digest:
            raise self.damage()

    def damage(self) -> ServerFailed:
        return ServerFailed(
            f"The blob {self._digest[:19]}… came damaged.", code="blob_damaged", remedy="Pull the image again."
        )
