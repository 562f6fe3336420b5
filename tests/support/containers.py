"""Runs the image of a version as a run does: inputs and parameters under ``/in``, results under ``/out``."""

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.images import service as images
from modelyard.rooms.runs.ports import ContainerSpec, Image, Limits, Mount, State
from support import session
from support.server import Server

DEADLINE_S = 300.0
ONE_FILE = frozenset({"file", "image", "table"})


@dataclass(frozen=True)
class Ran:
    """How a container ended, what it wrote to its log, and the folder of its results."""

    exit_code: int
    log: str
    out: Path

    @property
    def result(self) -> Any:
        """The JSON object in ``result.json``."""
        return json.loads((self.out / "result.json").read_text())

    @property
    def files(self) -> list[str]:
        return sorted(path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file())


def run_version(
    server: Server,
    version: Mapping[str, Any],
    folder: Path,
    *,
    inputs: Mapping[str, Path] | None = None,
    params: Mapping[str, Any] | None = None,
    command: str = "run",
) -> Ran:
    """Runs the version's image to its end. An input is a file or a folder, which is copied; ``folder`` is scratch."""
    place = folder / secrets.token_hex(4)
    given = _given(place, version, inputs or {}, params or {})
    out = place / "out"
    out.mkdir()
    out.chmod(0o777)
    engine = _engine(server)
    spec = ContainerSpec(
        name=f"test-{secrets.token_hex(6)}",
        image=(image := image_of(server, version)),
        command=[*image.config["config"]["Entrypoint"], command],
        mounts=[Mount(given, "/in"), Mount(out, "/out", read_only=False)],
        limits=Limits(cpus=2.0),
    )
    engine.create(spec)
    try:
        ended = engine.wait(spec.name, timeout=DEADLINE_S)
        log = engine.logs(spec.name).decode(errors="replace")
        assert ended.state is State.EXITED, log
        return Ran(ended.exit_code if ended.exit_code is not None else -1, log, out)
    finally:
        engine.remove(spec.name)


def _given(place: Path, version: Mapping[str, Any], inputs: Mapping[str, Path], params: Mapping[str, Any]) -> Path:
    """The folder that the container sees as ``/in``."""
    given = place / "in"
    given.mkdir(parents=True)
    properties = version["signature"]["inputs"].get("properties", {})
    listed = {}
    for name, path in inputs.items():
        one = properties.get(name, {}).get("x-modelyard") in ONE_FILE
        if path.is_dir():
            shutil.copytree(path, given / name)
        else:
            (given / name).mkdir()
            shutil.copyfile(path, given / name / path.name)
        listed[name] = f"/in/{name}/{path.name}" if one else f"/in/{name}"
    (given / "inputs.json").write_text(json.dumps(listed))
    (given / "params.json").write_text(json.dumps(params))
    return given


def image_of(server: Server, version: Mapping[str, Any]) -> Image:
    """The version's image, as the engine is given it."""
    found = images.find_image(_blobs(server), version["image"]["digest"])
    return Image(digest=found.digest, config=found.config, layers=found.layers)


def _engine(server: Server) -> LocalEngine:
    """An engine of the tests' own, which keeps what it unpacked for the whole run."""
    home = session.shared(f"engine-{server.folder.name}", lambda folder: {"folder": str(folder)})["folder"]
    return LocalEngine(Path(home) / "engine", _blobs(server))


def _blobs(server: Server) -> LocalBlobStore:
    return LocalBlobStore(server.folder / "d" / "blobs")
