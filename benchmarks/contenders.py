"""The box and the servers that it is measured against, each in a virtual environment of its own.

The environments are made once, in the user's cache folder, and kept; ``XDG_CACHE_HOME`` says where that is.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uv

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the tests that start boxes; `box` is a benchmark here

from tests.box.running import box_command, box_environ, inputs_schema, write_box
from tests.support import ports

PEERS = Path(__file__).resolve().parent / "peers"
SKLEARN = ("scikit-learn==1.7.2", "joblib")
ONNX = ("onnxruntime>=1.20", "skl2onnx>=1.18")
NUMBERS = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
ROW = [5.1, 3.5, 1.4, 0.2]
ROWS = {"rows": [ROW]}
TENSOR = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": ROW}]}
BY_SKLEARN = "def predict(model, rows: list[list[float]]) -> list[str]:\n    return model.predict(rows)\n"
BY_ONNX = """import os
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
feature, label = session.get_inputs()[0].name, session.get_outputs()[0].name
def predict(rows: list[list[float]]) -> list[str]:
    return session.run([label], {feature: numpy.asarray(rows, dtype=numpy.float32)})[0]
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server: what its environment needs, what it is asked, and where."""

    requirements: tuple[str, ...]
    path: str
    body: Mapping[str, Any]


CONTENDERS = {
    "box": Contender(SKLEARN, "/predict", ROWS),
    "box, ONNX": Contender((*SKLEARN, *ONNX), "/predict", ROWS),
    "FastAPI": Contender((*SKLEARN, "fastapi", "uvicorn[standard]"), "/predict", ROWS),
    "MLServer": Contender((*SKLEARN, "mlserver", "mlserver-sklearn"), "/v2/models/m/infer", TENSOR),
    "LitServe": Contender((*SKLEARN, "litserve"), "/predict", ROWS),
    "BentoML": Contender((*SKLEARN, "bentoml"), "/predict", ROWS),
    "MLflow": Contender((*SKLEARN, "mlflow"), "/invocations", {"inputs": [ROW]}),
}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers at ``url``, with the process that was started for it."""

    url: str
    process: subprocess.Popen[bytes]


def environment(name: str) -> Path:
    """The contender's virtual environment, compiled to bytecode as an image would be."""
    needs = CONTENDERS[name].requirements
    key = hashlib.sha256(json.dumps([needs, sys.version]).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelyard-benchmarks"
    folder = cache / f"{name.partition(',')[0].lower()}-{key}"
    if not (folder / "complete").exists():
        tool = uv.find_uv_bin()
        subprocess.run([tool, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        argv = [tool, "pip", "install", "--quiet", "--compile-bytecode", "--python", folder / "bin" / "python"]
        subprocess.run([*argv, *needs], check=True)
        (folder / "complete").touch()
    return folder


def train(folder: Path) -> dict[str, Path]:
    """The models by name, as every contender loads them."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([environment("box, ONNX") / "bin" / "python", PEERS / "train.py", folder], check=True)
    return {file.stem: file for file in folder.glob("*.joblib")}


@contextmanager
def running(name: str, model: Path, folder: Path) -> Iterator[Running]:
    """The contender with a model, once it has answered; ended with all that it started."""
    folder.mkdir(parents=True, exist_ok=True)
    server = launch(name, model, folder)
    try:
        wait_answer(name, server)
        yield server
    finally:
        end(server)


def launch(name: str, model: Path, folder: Path) -> Running:
    """Starts the contender without waiting for it."""
    port, bin = ports.free_port(), environment(name) / "bin"
    argv, environ, cwd = _command(name, model, folder, port, bin)
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "MODEL": str(model), **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(f"http://127.0.0.1:{port}{CONTENDERS[name].path}", process)


def wait_answer(name: str, server: Running, *, seconds: float = 300, pause: float = 0.01) -> None:
    """Waits for the first right answer."""
    ends = time.monotonic() + seconds
    with httpx.Client(timeout=seconds) as client:
        while time.monotonic() < ends:
            assert server.process.poll() is None, f"{name} ended"
            try:
                answer = client.post(server.url, json=CONTENDERS[name].body)
            except httpx.TransportError:
                time.sleep(pause)
                continue
            if answer.status_code == 200:
                assert "setosa" in answer.text, answer.text
                return
            assert answer.status_code == 503, answer.text  # it is loading
            time.sleep(pause)
    raise AssertionError(f"{name} did not answer")


def end(server: Running) -> None:
    """Ends a server and what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.process.pid, number)
            server.process.wait(15)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _command(name: str, model: Path, folder: Path, port: int, bin: Path) -> tuple[list[Any], dict[str, str], Path]:
    """Command, environment and folder to start it in."""
    if name.startswith("box"):
        config = _box_config(name, model, folder, bin)
        return box_command("serve"), box_environ(config, MODELYARD_PORT=str(port), MODELYARD_RECORDS="20000"), folder
    if name == "FastAPI":
        options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
        return [bin / "uvicorn", "plain_fastapi:app", *options], {}, PEERS
    if name == "LitServe":
        return [bin / "python", PEERS / "lit_api.py", str(port)], {}, folder
    if name == "BentoML":
        argv = [bin / "bentoml", "serve", "bento_service:Labels", "--port", str(port)]
        return argv, {"BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "true"}, PEERS
    if name == "MLServer":
        subprocess.run([bin / "python", PEERS / "mlserver_settings.py", folder, model, str(port)], check=True)
        return [bin / "mlserver", "start", "."], {}, folder
    saved = folder / "model"
    if not saved.exists():
        subprocess.run([bin / "python", PEERS / "mlflow_model.py", model, saved], check=True, capture_output=True)
    return [bin / "mlflow", "models", "serve", "-m", saved, "-p", str(port), "--env-manager", "local"], {}, folder


def _box_config(name: str, model: Path, folder: Path, bin: Path) -> Path:
    """A box that takes batches, as ``batch: true`` in modelyard.yaml makes it."""
    site = next((bin.parent / "lib").glob("python*/site-packages"))
    onnx = name.endswith("ONNX")
    source = BY_ONNX.replace('os.environ["MODEL"]', repr(str(model.with_suffix(".onnx")))) if onnx else BY_SKLEARN
    artifact = None if onnx else model.read_bytes()
    config = write_box(folder, source, inputs=inputs_schema(rows=NUMBERS), artifact=artifact, site=site)
    config.write_text(json.dumps(json.loads(config.read_text()) | {"batch": True}))
    return config
