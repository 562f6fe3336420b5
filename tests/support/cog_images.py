"""Images as Cog makes them: the released package, a ``predict.py``, and Cog's server as the command.

There is one for each class of ``cog_predict`` and each release; they share all layers but a small one. The label is
what the package itself says of the class. Newer releases leave that to Cog's program, which is not on PyPI, so they
get what an older one says.
"""

import re
from pathlib import Path
from typing import Any

from contracts.engine_images import directory, file, layer, link
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.apps import wiring
from modelyard.apps.settings import Settings
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images import manifests
from modelyard.rooms.images import service as images
from modelyard.rooms.images.schemas import AssemblyRequest, LayerRef
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.runs.ports import ContainerSpec, Image, State
from support import server, session

PYTHON_SERVER, RUST_SERVER = "0.16.12", "0.23.1"
"""The last release with the server written in Python, and one with that in Rust, which took its place with 0.17."""
RELEASES = (PYTHON_SERVER, RUST_SERVER)
REQUIREMENTS = {
    PYTHON_SERVER: f"cog=={PYTHON_SERVER}\nsetuptools<81\n",
    RUST_SERVER: f"cog=={RUST_SERVER}\n",
}
COMMAND = ["python", "-m", "cog.server.http"]
LABEL = "run.cog.openapi_schema"
DESCRIBE = """
import json, os, sys
from cog.config import Config
from cog.server.http import create_app
for name in sys.argv[1:]:
    os.environ["COG_PREDICT_TYPE_STUB"] = f"predict.py:{name}"
    app = create_app(cog_config=Config(), shutdown_event=None, is_build=True)
    print("described", name, json.dumps(app.openapi()))
"""
"""What ``cog.command.openapi_schema`` does, for several classes."""
SOURCE = Path(__file__).with_name("cog_predict.py")
_TARGET = {"module": "predict", "class": None, "function": "f"}
_SIGNATURE = {"inputs": {"type": "object", "properties": {}}, "output": {}, "streams": False, "notes": []}


def folder() -> Path:
    """Shared by the whole test run: ``blobs`` has these images, ``engine`` is for an engine that has unpacked some."""
    return Path(session.shared("cog", _make)["folder"])


def store() -> LocalBlobStore:
    return LocalBlobStore(folder() / "blobs")


def digest(release: str, predictor: str) -> str:
    """The manifest in ``store`` of the image of a class of ``cog_predict`` with this release of Cog."""
    return str(session.shared("cog", _make)[f"{release} {predictor}"])


def _make(folder: Path) -> dict[str, Any]:
    server.link_stores(folder)
    blobs = LocalBlobStore(folder / "blobs")
    supplies = wiring.make_supplies(Settings(data_dir=folder), blobs)
    layers = {release: _packages(supplies, folder, release) for release in RELEASES}
    described = _describe(folder, blobs, layers[PYTHON_SERVER])
    made = {
        f"{release} {name}": _image(supplies, layers[release], name, label)
        for release in RELEASES
        for name, label in described.items()
    }
    return {"folder": str(folder), **made}


def _packages(supplies: Supplies, folder: Path, release: str) -> list[LayerRef]:
    """Base and packages, without anything of ours."""
    source = folder / f"source-{release}"
    source.mkdir()
    request = AssemblyRequest(source, _TARGET, _SIGNATURE, requirements=REQUIREMENTS[release])
    made = images.assemble(request, supplies=supplies)
    return [each for each in made.images[0].layers if each.title not in ("the box", "source")]


def _describe(folder: Path, blobs: LocalBlobStore, layers: list[LayerRef]) -> dict[str, str]:
    """The label of each class."""
    engine = LocalEngine(folder / "engine", blobs)
    names = [found.group(1) for found in re.finditer(r"^class (\w+)\((?!BaseModel)", SOURCE.read_text(), re.MULTILINE)]
    image = Image("", {"config": _running("Text")}, [each.digest for each in (*layers, _model(blobs, "{}"))])
    engine.create(ContainerSpec("describe", image, command=["python", "-c", DESCRIBE, *names]))
    ended = engine.wait("describe", timeout=120)
    said = engine.logs("describe").decode()
    engine.remove("describe")
    assert (ended.state, ended.exit_code) == (State.EXITED, 0), said
    lines = (line.split(" ", 2) for line in said.splitlines() if line.startswith("described "))
    return {name: label for _, name, label in lines}


def _image(supplies: Supplies, layers: list[LayerRef], predictor: str, label: str) -> str:
    blobs, platform = supplies.blobs, images.own_platform()
    base = images.ensure_base("3.11", platform, supplies=supplies)
    layers = [*layers, _model(blobs, label)]
    running = _running(predictor) | {"Labels": {LABEL: label, "org.opencontainers.image.title": "A model of Cog's"}}
    config = blobs.put([manifests.encode(manifests.plain_config(base, layers, running))])
    return blobs.put([manifests.encode(manifests.manifest((config.digest, config.size), layers))]).digest


def _running(predictor: str) -> dict[str, Any]:
    """As ``cog build`` writes it."""
    return {
        "Cmd": COMMAND,
        "Env": [
            "PATH=/src/bin:/usr/bin:/bin",
            "PYTHONPATH=/app/site-packages",
            "PYTHONUNBUFFERED=1",
            f"COG_PREDICT_TYPE_STUB=predict.py:{predictor}",
        ],
        "WorkingDir": "/src",
    }


def _model(blobs: BlobStore, label: str) -> LayerRef:
    data = layer(
        directory("src/"),
        directory("src/bin/"),
        link("src/bin/python", "/usr/bin/python3.11"),
        file("src/predict.py", SOURCE.read_text()),
        file("src/cog.yaml", "build: {}\n"),
        directory("src/.cog/"),
        file("src/.cog/openapi_schema.json", label),
    )
    kept = blobs.put([data])
    return LayerRef(kept.digest, kept.size, "the model")
