"""Real boxes for tests: the package as an image would start it, in its own processes."""

import contextlib
import hashlib
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import uv

PACKAGE = Path(__file__).parents[2] / "src" / "modelyard_box"
NUMBER = {"type": "number"}
TEXT = {"type": "string"}


def box_site() -> Path:
    """The server's site directory, made from requirements.txt once for each content of it."""
    requirements = PACKAGE / "requirements.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    site = Path(tempfile.gettempdir()) / f"modelyard-box-site-{os.getuid()}-{key}"
    if not site.exists():
        made = tempfile.mkdtemp(prefix=f"{site.name}-", dir=site.parent)
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable, "--target", made]
        subprocess.run([*command, "--requirement", str(requirements)], check=True)
        os.chmod(made, 0o755)
        with contextlib.suppress(OSError):  # another process made it meanwhile
            os.rename(made, site)
        shutil.rmtree(made, ignore_errors=True)
    return site


def inputs_schema(optional: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    """The inputs part of a signature; what is not named optional is required."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def write_box(
    folder: Path,
    source: str | dict[str, str],
    *,
    inputs: dict[str, Any],
    artifact: Any = None,
    function: str = "predict",
    cls: str | None = None,
    module: str = "m",
    site: str | Path | None = None,
    **more: Any,
) -> Path:
    """Writes source, artifact (an object to pickle, or bytes as they are) and box.json; returns the latter's path."""
    code = folder / "src"
    files = {f"{module}.py": source} if isinstance(source, str) else source
    for name, text in files.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(textwrap.dedent(text))
    own_site = folder / "site"
    own_site.mkdir(exist_ok=True)
    model = None
    if artifact is not None:
        model = folder / more.get("artifact_name", "model.pkl")
        model.write_bytes(artifact if isinstance(artifact, bytes) else pickle.dumps(artifact))
    signature = {"inputs": inputs, "output": more.get("output", {}), "streams": more.get("streams", False), "notes": []}
    document = {
        "format": 1,
        "target": {"module": module, "class": cls, "function": function},
        "artifact": str(model) if model else None,
        "source": str(code),
        "site": str(site or own_site),
        "signature": signature,
        "card": {"title": "Test model", **more.get("card", {})},
    }
    config = folder / "box.json"
    config.write_text(json.dumps(document))
    return config


class RunningBox:
    """A box that serves on a Unix socket, or on MODELYARD_PORT; ``client`` calls it, ``log`` is what it wrote."""

    def __init__(self, config: Path, environ: dict[str, str]) -> None:
        self.socket = Path(tempfile.mkdtemp(prefix="box-")) / "s"
        port = environ.get("MODELYARD_PORT")
        self._log = (config.parent / "log.txt").open("w+b")
        self.process = subprocess.Popen(
            box_command("serve"),
            env=box_environ(config, **({} if port else {"MODELYARD_SOCKET": str(self.socket)}), **environ),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        uds = None if port else str(self.socket)
        transport = httpx.HTTPTransport(uds=uds, verify=False, limits=httpx.Limits(max_connections=200))
        self.client = httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port or 80}", timeout=30)

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    def predict(self, inputs: Any = None, **request: Any) -> httpx.Response:
        """POST /model/predict with JSON, or with what ``request`` says."""
        if not {"content", "files", "data"} & set(request):
            request |= {"content": json.dumps(inputs), "headers": {"content-type": "application/json"}}
        return self.client.post("/model/predict", **request)

    def output(self, inputs: Any = None, **request: Any) -> Any:
        """The output of a prediction that must succeed."""
        response = self.predict(inputs, **request)
        assert response.status_code == 200, response.text
        return response.json()["output"]

    def wait_ready(self) -> "RunningBox":
        wait_for(lambda: self._health() == 200 or self.process.poll() is not None)
        assert self.process.poll() is None, self.log
        return self

    def connect(self) -> socket.socket:
        """A bare connection, with a deadline on each read."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        wait_for(self.socket.exists)
        connection.connect(str(self.socket))
        return connection

    def worker_pids(self) -> list[int]:
        """The processes that the server has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self) -> int:
        """Asks it to end, and returns its exit status."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._log.close()
            shutil.rmtree(self.socket.parent)

    def _health(self) -> int:
        try:
            return self.client.get("/health").status_code
        except httpx.TransportError:
            return 0


@contextlib.contextmanager
def serving(config: Path, *, ready: bool = True, **environ: str) -> Iterator[RunningBox]:
    """A box that serves for the length of a block."""
    box = RunningBox(config, environ)
    try:
        yield box.wait_ready() if ready else box
    finally:
        box.stop()


def run_check(config: Path, **environ: str) -> tuple[int, dict[str, Any]]:
    """Exit status and report of the ``check`` command."""
    done = subprocess.run(
        box_command("check"),
        env=box_environ(config, **environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def box_command(command: str) -> list[str]:
    return [sys.executable, "-I", "-S", str(PACKAGE), command]


def box_environ(config: Path, **more: str) -> dict[str, str]:
    """The environment in an image, and where things are outside one."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",
        "MODELYARD_BOX_CONFIG": str(config),
        "MODELYARD_BOX_SITE": str(box_site()),
        **more,
    }


def wait_for(condition: Callable[[], Any], *, seconds: float = 30) -> Any:
    """The condition's first true value; fails when there is none in time."""
    ends = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < ends, "the condition did not come true in time"
        time.sleep(0.01)
    return value


def packages() -> str:
    """The site directory that has numpy, pandas, Pillow and scikit-learn: the tests' own."""
    return next(entry for entry in sys.path if entry.endswith("site-packages"))
