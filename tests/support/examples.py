"""The examples as tests use them: trained in one environment with every library, pushed to one server.

Both are made once per run. The environment is kept between runs, in the folder for temporary files: it changes with the
examples' requirements.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uv

from modelyard_client import Client
from support import databases, server, session
from support.server import Server

EXAMPLES = Path(__file__).parents[2] / "examples"
TOLERANCE = 1e-5


def trained(name: str) -> Path:
    """The folder that the example's ``train.py`` wrote."""
    return Path(session.shared(f"trained-{name}", lambda folder: _train(name, folder))["folder"]) / "out"


def expected(name: str) -> tuple[list[dict[str, Any]], list[Any]]:
    """Inputs, and what the model itself answered to them where it was trained."""
    found = json.loads((trained(name) / "expected.json").read_text())
    return found["inputs"], found["outputs"]


def site() -> Server:
    """The server that all examples are pushed to; it looks for wheels where this machine's pip does."""
    facts = session.shared("server-examples", _start)
    return Server(**facts | {"folder": Path(facts["folder"])})


def push(name: str, *, kind: str = "model", **files: Path) -> tuple[Client, str, dict[str, Any]]:
    """Pushes to a repository of that name and waits until the build has ended; client, address and version."""
    client = Client(site().url, token=site().token)
    address = f"{client.get_session()['account']['username']}/{name.replace('_', '-')}"
    if client.find_repository(address) is None:
        client.create_repository(address, visibility="private", kind=kind)
    archive = files.pop("archive", None)
    version: Any = client.push_archive(address, archive) if archive else client.push_parts(address, **files)
    for event in client.follow_build(address, version["number"]):
        if event.name == "end":
            version = event.data
    return client, address, version


def push_ready(name: str, *, then: Callable[[Client, str], None] | None = None, **files: Path) -> dict[str, Any]:
    """Pushes, deploys, and holds the model's answers against those it gave where it was trained; the version.

    ``then`` is called with client and address while the model is served.
    """
    client, address, version = push(name, **files)
    assert version["state"] == "ready", (version["reason"], version["remedy"])
    client.deploy(address)
    inputs, outputs = expected(name)
    for given, wanted in zip(inputs, outputs, strict=True):
        found = client.predict(address, given, version=version["number"]).output
        assert is_close(found, wanted), (found, wanted)
    if then is not None:
        then(client, address)
    client.stop_deployment(address)
    return version


def push_operation(name: str) -> dict[str, Any]:
    """The version of an operation, which is pushed as it is once per run, when it is ready."""
    return session.shared(f"operation-{name}", lambda folder: _push_operation(name, folder))


def zipped(folder: Path) -> Path:
    """A zip of the folder beside it."""
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder))
    return target


def is_close(found: Any, wanted: Any) -> bool:
    """Equal, but for the last digits of numbers: another machine may add up in another order."""
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(is_close, found, wanted))
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(is_close(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, float):
        return bool(abs(found - wanted) <= TOLERANCE * max(1, abs(wanted)))
    return bool(found == wanted)


def python() -> Path:
    """The interpreter of an environment with what all examples are trained with."""
    lines = {line for file in EXAMPLES.glob("*/requirements-train.txt") for line in file.read_text().splitlines()}
    key = hashlib.sha256("\n".join([sys.version, *sorted(lines)]).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"modelyard-training-{os.getuid()}-{key}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
            _install(made, sorted(lines))
            made.rename(folder)
    return folder / "bin" / "python"


def _install(target: Path, lines: list[str]) -> None:
    found = uv.find_uv_bin()
    try:
        subprocess.run([found, "venv", "--quiet", "--relocatable", "--python", sys.executable, target], check=True)
        links = [argument for place in find_links() for argument in ("--find-links", place)]
        install = [found, "pip", "install", "--quiet", "--python", target / "bin" / "python"]
        subprocess.run([*install, *links, *lines], check=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(target, ignore_errors=True)
        raise


def find_links() -> list[str]:
    """Where this machine's pip looks for wheels besides its index: there may be a torch without CUDA."""
    if given := os.environ.get("PIP_FIND_LINKS"):
        return given.split()
    pip = shutil.which("pip") or shutil.which("pip3")
    if pip is None:
        return []
    done = subprocess.run([pip, "config", "get", "global.find-links"], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else []


def _train(name: str, folder: Path) -> dict[str, Any]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    script = EXAMPLES / name / "train.py"
    done = subprocess.run(
        [python(), script, folder / "out"], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {"folder": str(folder)}


def _push_operation(name: str, folder: Path) -> dict[str, Any]:
    shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    _, _, version = push(name, kind="operation", archive=zipped(folder / name))
    assert version["state"] == "ready", (version["reason"], version["remedy"])
    return version


def _start(folder: Path) -> dict[str, Any]:
    links = json.dumps(find_links())
    started = server.start(folder, databases.create("sqlite", folder), find_links=links)
    return started.__dict__ | {"folder": str(started.folder), "environment": dict(started.environment)}
