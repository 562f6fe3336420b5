"""The layers that are a model's own: the box, its source, its artifact."""

import hashlib
import json
import os
import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path

from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.images import rules
from modelyard.rooms.images.bases import interpreter_for
from modelyard.rooms.images.bytecode import Source, compile_sources, is_wanted
from modelyard.rooms.images.debs import slice_reader
from modelyard.rooms.images.errors import SourceRefused
from modelyard.rooms.images.locks import locked_wheels
from modelyard.rooms.images.schemas import Artifact, AssemblyRequest, BaseImage, LayerRef, PlatformLock
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.images.tars import Entry, file_entry, link_entry, read_content, tar_chunks
from modelyard.rooms.images.wheel_layers import layers_of_wheels
from modelyard.rooms.images.wheels import Layout

SOURCE = "app/src"
SITE = "app/site-packages"
BOX = "modelyard/box"
BOX_PACKAGE = "modelyard_box"
ARTIFACTS = "app/artifact"
INLINE_BYTES = 1024**2
LEFT_OUT = {"__pycache__", ".git"}


def box_version(box: Path) -> str:
    """Changes when, and only when, a file of the box changes."""
    digest = hashlib.sha256()
    for entry in _box_files(box):
        digest.update(f"{entry.path}\0{entry.mode}\0{entry.size}\0".encode() + read_content(entry))
    return digest.hexdigest()[:12]


def box_layers(base: BaseImage, *, supplies: Supplies, on_text: Callable[[str], None]) -> list[LayerRef]:
    """The box's own wheels, and the box; known ones are not made again."""
    requirements = (supplies.box / "requirements.txt").read_text()
    layout = Layout(site=f"{BOX}/site", prefix=BOX, interpreter=base.interpreter)
    wheels = locked_wheels(PlatformLock(_box_lock(requirements, base, supplies)), base)
    site = layers_of_wheels(wheels, base, layout, supplies=supplies, budget=1, on_text=on_text)
    key = rules.cache_key("box", box_version(supplies.box), base.python_version, base.interpreter)
    return [*site, supplies.cache.make(key, "the box", lambda: _box_entries(base, supplies))]


def source_layer(request: AssemblyRequest, base: BaseImage, *, supplies: Supplies) -> LayerRef:
    """The source with its bytecode, and ``/modelyard/box.json``. Raises ``SourceRefused``."""
    files = list(_tree(request.source, SOURCE, request.exclude))
    sources = [Source(entry.path, read_content(entry)) for entry in files if _is_source(entry)]
    compiled = compile_sources(sources, interpreter_for(base, supplies=supplies)) if sources else []
    described = file_entry("modelyard/box.json", _box_json(request).encode())
    stored = supplies.blobs.put(tar_chunks([*files, *compiled, described]))
    return LayerRef(stored.digest, stored.size, "source")


def artifact_layer(artifact: Artifact, *, supplies: Supplies) -> LayerRef:
    """The artifact under its name, read from the blob store in a stream; raises ``content.errors.BlobMissing``."""
    if artifact.name in ("", ".", "..") or "/" in artifact.name:
        raise SourceRefused(f"{artifact.name!r} is not a file name.", field="artifact")
    return supplies.cache.make(
        rules.cache_key("artifact", artifact.name, artifact.digest),
        "artifact",
        lambda: [_artifact_entry(artifact, supplies)],
    )


def _artifact_entry(artifact: Artifact, supplies: Supplies) -> Entry:
    stored = supplies.blobs.stat(artifact.digest)
    if stored is None:
        raise BlobMissing(f"The artifact {artifact.name} is not in the content store.", field="artifact")
    return Entry(f"{ARTIFACTS}/{artifact.name}", content=lambda: supplies.blobs.open(stored.digest), size=stored.size)


def _box_lock(requirements: str, base: BaseImage, supplies: Supplies) -> str:
    """The box's packages, resolved once for each Python and platform: they are pinned, so the answer stays the same."""
    key = rules.cache_key(requirements, base.python, base.platform, base.glibc)
    known = supplies.cache.read("box-locks", key)
    if known is not None:
        return str(known["text"])
    text = supplies.wheels.lock(requirements, python=base.python, platform=base.platform, glibc=base.glibc)
    supplies.cache.write("box-locks", key, {"text": text})
    return text


def _box_entries(base: BaseImage, supplies: Supplies) -> list[Entry]:
    files = _box_files(supplies.box)
    sources = [Source(entry.path, read_content(entry)) for entry in files if _is_source(entry)]
    return [*files, *compile_sources(sources, interpreter_for(base, supplies=supplies)), _path_file(base)]


def _is_source(entry: Entry) -> bool:
    return entry.kind == "file" and is_wanted(entry.path)


def _box_files(box: Path) -> list[Entry]:
    return sorted(_tree(box, f"{BOX}/{BOX_PACKAGE}", frozenset()), key=lambda entry: entry.path)


def _path_file(base: BaseImage) -> Entry:
    """Makes the image's plain ``python`` find the model's packages too: scripts, subprocesses, ``docker run … python``.

    The box starts without the ``site`` module, so it does not see them.
    """
    folder = "site-packages" if base.interpreter.startswith("/usr/local/") else "dist-packages"
    line = f"import site; site.addsitedir('/{SITE}')\n"
    return file_entry(f"usr/local/lib/python{base.python}/{folder}/modelyard.pth", line.encode())


def _box_json(request: AssemblyRequest) -> str:
    document = {
        "format": 1,
        "target": dict(request.target),
        "artifact": f"/{ARTIFACTS}/{request.artifact.name}" if request.artifact else None,
        "source": f"/{SOURCE}",
        "site": f"/{SITE}",
        "signature": request.signature,
        "card": request.card,
    }
    if request.framework is not None:
        document["framework"] = dict(request.framework)
    if request.batch:
        document["batch"] = request.batch
    if request.operation is not None:
        document["operation"] = request.operation
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _tree(folder: Path, prefix: str, exclude: frozenset[str]) -> Iterator[Entry]:
    """Every file of a folder, links as links: nothing outside it is read. Modes are 644, or 755 where executable."""
    for directory, names, files in os.walk(folder):
        relative = posixpath.normpath(Path(directory).relative_to(folder).as_posix())
        linked = [name for name in names if (Path(directory) / name).is_symlink()]
        names[:] = sorted(name for name in names if name not in LEFT_OUT and name not in linked)
        for name in sorted(files + linked):
            path = posixpath.normpath(f"{relative}/{name}")
            if path not in exclude:
                yield _file(Path(directory) / name, f"{prefix}/{path}")


def _file(file: Path, path: str) -> Entry:
    _check_encodable(path)
    if file.is_symlink():
        return link_entry(path, str(file.readlink()))
    if not file.is_file():
        raise SourceRefused(f"{path} is neither a file nor a link.")
    status = file.stat(follow_symlinks=False)
    mode = 0o755 if status.st_mode & 0o100 else 0o644
    if status.st_size > INLINE_BYTES:
        return Entry(path, mode=mode, content=slice_reader(file, 0, status.st_size), size=status.st_size)
    return file_entry(path, file.read_bytes(), mode=mode)


def _check_encodable(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as e:
        raise SourceRefused(f"{path!r} is not a name in UTF-8.", remedy="Rename the file.") from e
