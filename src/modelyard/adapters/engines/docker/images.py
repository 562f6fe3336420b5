"""Images on the engine: loaded from the blobs of the content store, evicted when nothing uses them.

An image goes in as a ``docker save`` archive: one stream, made as it is sent. Layers that another of our images brought
are left out of it; an engine that insists on them gets the whole archive.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound

from modelyard.adapters.engines.docker.connection import Connection, explain
from modelyard.kit.streams import END_OF_TAR, PartStream, bytes_part
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import BlobStore, StoredBlob
from modelyard.rooms.images.schemas import ArchivedImage, ArchivedLayer
from modelyard.rooms.images.service import archive_members
from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import Image

SIZES_LABEL = "io.modelyard.layer-sizes"
KEPT = ("Env", "Entrypoint", "Cmd", "WorkingDir", "User", "ExposedPorts")
"""What an image may say of its containers. Not labels (they would pass for ours) nor volumes (unbounded disk)."""

Chain = tuple[str, ...]
"""A layer together with all below it, base first: what an engine stores once."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    reference: str
    id: str
    layers: Chain
    sizes: Sequence[int]

    def chains(self) -> dict[Chain, int]:
        return {self.layers[: n + 1]: size for n, size in enumerate(self.sizes)}


class EngineImages:
    """The images of one namespace on the engine. ``used`` is a folder with a file per image, touched at each use."""

    def __init__(self, connection: Connection, blobs: BlobStore, *, namespace: str, used: Path) -> None:
        self._connection = connection
        self._blobs = blobs
        self._repository = f"modelyard/{namespace}"
        self._used = used
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def reference(self, image: Image) -> str:
        """The tag under which the engine knows the image, whether or not it has it now."""
        return f"{self._repository}:{image.digest.removeprefix('sha256:')}"

    def mark_used(self, image: Image) -> None:
        self._used.mkdir(parents=True, exist_ok=True)
        (self._used / image.digest.removeprefix("sha256:")).touch()

    def load(self, image: Image) -> None:
        """Makes sure that the engine has the image; a layer that the store lacks raises ``EngineRefused``."""
        with self._locks[image.digest], self._connection.translated() as api:
            if _find(api, self.reference(image)):
                return
            layers = self._stat(image)
            try:
                self._send(api, image, layers, skip=self._known(api, image))
            except EngineRefused:
                self._send(api, image, layers, skip=0)

    def evict(self, keep_bytes: int) -> int:
        """Removes images that no container uses, least recently used first, until ``keep_bytes`` are held."""
        with self._connection.translated() as api:
            images = sorted(self._loaded(api), key=self._last_used)
            used = {container["ImageID"] for container in api.containers(all=True)}
            held = before = _held(images)
            for image in [image for image in images if image.id not in used]:
                if held <= keep_bytes:
                    break
                if self._remove(api, image):
                    images.remove(image)
                    held = _held(images)
            return before - held

    def _remove(self, api: APIClient, image: _Loaded) -> bool:
        try:
            api.remove_image(image.reference)
        except APIError as e:
            if e.status_code == 409:  # a container took it meanwhile
                return False
            raise
        (self._used / image.reference.rpartition(":")[2]).unlink(missing_ok=True)
        return True

    def _last_used(self, image: _Loaded) -> float:
        mark = self._used / image.reference.rpartition(":")[2]
        return mark.stat().st_mtime if mark.exists() else 0.0

    def _stat(self, image: Image) -> list[StoredBlob]:
        found = [self._blobs.stat(digest) for digest in image.layers]
        if missing := [digest for digest, blob in zip(image.layers, found, strict=True) if blob is None]:
            raise EngineRefused(
                f"Layer {missing[0]} of the image is not in the content store.", remedy="Build the version again."
            )
        return [blob for blob in found if blob]

    def _known(self, api: APIClient, image: Image) -> int:
        """How many layers from the base on are there by way of another image of ours."""
        chains = {chain for other in self._loaded(api) for chain in other.chains()}
        wanted = tuple(image.layers)
        return max((n for n in range(len(wanted) + 1) if not n or wanted[:n] in chains), default=0)

    def _loaded(self, api: APIClient) -> list[_Loaded]:
        listed = api.images(name=self._repository)
        tags = [tag for entry in listed for tag in entry.get("RepoTags") or []]
        details = [(tag, _find(api, tag)) for tag in tags if tag.startswith(f"{self._repository}:")]
        return [_parse(tag, facts) for tag, facts in details if facts]

    def _send(self, api: APIClient, image: Image, layers: Sequence[StoredBlob], *, skip: int) -> None:
        archive = docker_archive(image, self.reference(image), layers, self._blobs, skip=skip)
        try:
            for event in api.load_image(archive):
                if "error" in event:
                    raise EngineRefused(f"The engine does not take the image: {event['error']}")
        except BlobMissing as e:
            raise EngineRefused(f"A layer of the image went missing: {e.detail}") from e
        except APIError as e:
            raise EngineRefused(f"The engine does not take the image: {explain(e)}") from e
        if not _find(api, self.reference(image)):
            raise EngineRefused("The engine took the image but does not have it.")


def docker_archive(
    image: Image, reference: str, layers: Sequence[StoredBlob], blobs: BlobStore, *, skip: int = 0
) -> Iterator[bytes]:
    """The stream of a ``docker save`` archive without the first ``skip`` layers."""
    config = json.dumps(_engine_config(image, [blob.size for blob in layers]), sort_keys=True).encode()
    held = [ArchivedLayer(blob.digest, blob.size, partial(_open, blobs, blob.digest)) for blob in layers]
    archived = ArchivedImage(reference, config, held)
    left_out = frozenset(blob.digest for blob in layers[:skip])
    return PartStream([*archive_members([archived], left_out=left_out), bytes_part(END_OF_TAR)]).read()


def _open(blobs: BlobStore, digest: str, offset: int, length: int) -> Iterator[bytes]:
    return blobs.open(digest, offset=offset, length=length)


def _engine_config(image: Image, sizes: Sequence[int]) -> dict[str, Any]:
    settings = {key: value for key, value in image.config.get("config", {}).items() if key in KEPT}
    return {
        "architecture": image.config.get("architecture", "amd64"),
        "os": image.config.get("os", "linux"),
        "created": "1970-01-01T00:00:00Z",
        "config": settings | {"Labels": {SIZES_LABEL: json.dumps(list(sizes))}},
        "rootfs": {"type": "layers", "diff_ids": list(image.layers)},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": digest} for digest in image.layers],
    }


def _find(api: APIClient, reference: str) -> dict[str, Any] | None:
    try:
        return dict(api.inspect_image(reference))
    except ImageNotFound:
        return None


def _parse(reference: str, facts: Mapping[str, Any]) -> _Loaded:
    labels = facts["Config"].get("Labels") or {}
    layers = tuple(facts.get("RootFS", {}).get("Layers") or ())
    sizes = json.loads(labels.get(SIZES_LABEL, "[]"))
    return _Loaded(reference, facts["Id"], layers, sizes)


def _held(images: Sequence[_Loaded]) -> int:
    return sum({chain: size for image in images for chain, size in image.chains().items()}.values())
