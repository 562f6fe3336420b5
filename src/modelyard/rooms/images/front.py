"""The front-end image of bundles: the built page and an nginx that serves it and passes calls on to the model.

Base (that of most models, so that a bundle has its layers once) · nginx from Debian · the page. Made once for a
platform and a page, and remembered; what it is made from alone decides its bytes.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelyard.rooms.images import errors, manifests, rules
from modelyard.rooms.images.bases import ensure_base, resolve_system_packages, system_layer
from modelyard.rooms.images.schemas import BaseImage, FrontImage, LayerRef
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.images.tars import Entry, file_entry

PAGE = "front.html"
PORT = "8080/tcp"
OWN_FILES = {"start.py": "front_start.py", "nginx.conf": "front_nginx.conf", "headers.conf": "front_headers.conf"}
LEFT_OUT = frozenset({".vite"})


def ensure_front(page: Path, *, python: str, platform: str, supplies: Supplies) -> FrontImage:
    """The front-end image with the built page of a folder, on the base for ``python``; made where it is not known.

    Raises ``FrontUnavailable`` where the page is not built or nginx cannot be fetched, and what ``ensure_base`` raises.
    The caller grants ``blobs``: nothing else keeps them.
    """
    entries = list(_entries(page))
    base = ensure_base(python, platform, supplies=supplies)
    key = rules.cache_key("front", platform, [layer.digest for layer in base.layers], _digest_of(entries))
    if known := _known(key, supplies):
        return known
    with supplies.cache.exclusive(f"front-{key}"):
        return _known(key, supplies) or _make(key, entries, base, supplies)


def _known(key: str, supplies: Supplies) -> FrontImage | None:
    document = supplies.cache.read("fronts", key)
    if document is None:
        return None
    held = all(supplies.blobs.stat(digest) for digest in document["blobs"])
    return FrontImage(document["digest"], tuple(document["blobs"])) if held else None


def _make(key: str, entries: list[Entry], base: BaseImage, supplies: Supplies) -> FrontImage:
    page = supplies.cache.make(f"page-{key}", "the page", lambda: entries)
    layers = [*base.layers, _nginx_layer(base, supplies), page]
    config = supplies.blobs.put([manifests.encode(_config(base, layers))])
    manifest = supplies.blobs.put([manifests.encode(manifests.manifest((config.digest, config.size), layers))])
    blobs = (manifest.digest, config.digest, *(layer.digest for layer in layers))
    supplies.cache.write("fronts", key, {"digest": manifest.digest, "blobs": blobs})
    return FrontImage(manifest.digest, blobs)


def _nginx_layer(base: BaseImage, supplies: Supplies) -> LayerRef:
    try:
        packages = resolve_system_packages(["nginx"], base, supplies=supplies)
        return system_layer(packages, base, supplies=supplies)
    except (errors.UnknownSystemPackage, errors.MirrorUnavailable) as e:
        raise errors.FrontUnavailable(
            f"The front end's web server could not be fetched: {e.detail}",
            remedy="Try again later, or ask the operator to let this server reach a Debian mirror with apt-get once.",
        ) from e


def _entries(page: Path) -> Iterator[Entry]:
    if not (page / PAGE).is_file():
        raise errors.FrontUnavailable(
            "The page of the front end is not built on this server.", remedy="Ask the operator to run `make web`."
        )
    here = Path(__file__).parent
    for name, source in OWN_FILES.items():
        yield file_entry(f"front/{name}", (here / source).read_bytes())
    for file in sorted(page.rglob("*")):
        path = file.relative_to(page)
        if file.is_file() and not LEFT_OUT & set(path.parts):
            yield file_entry(f"front/app/{path.as_posix()}", file.read_bytes())


def _digest_of(entries: list[Entry]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        assert isinstance(entry.content, bytes)
        digest.update(f"{entry.path}\0{entry.size}\0".encode() + entry.content)
    return digest.hexdigest()


def _config(base: BaseImage, layers: list[LayerRef]) -> dict[str, Any]:
    return manifests.plain_config(
        base,
        layers,
        {
            "User": manifests.USER,
            "ExposedPorts": {PORT: {}},
            "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
            "Entrypoint": [base.interpreter, "-I", "-S", "/front/start.py"],
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": "Modelyard front end",
                "org.opencontainers.image.description": "The Run page of one model; calls it at MODELYARD_MODEL.",
                "io.modelyard.base": base.source,
            },
        },
    )
