"""The reference server of the MLflow scoring protocol, in an environment of its own."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import sklearn
import uv

from box.running import wait_for
from support.ports import free_port

MLFLOW = "3.17.2"
_SERVE = """
    import os, pickle, sys
    import mlflow, pandas, uvicorn
    folder, port = sys.argv[1:]
    saved = pickle.load(open(f"{folder}/reference.pkl", "rb"))
    signature = mlflow.models.infer_signature(saved["example"], saved["model"].predict(saved["example"]))
    path = f"{folder}/mlflow-model"
    options = {"pip_requirements": [], "serialization_format": "pickle"}
    mlflow.sklearn.save_model(saved["model"], path, signature=signature, **options)
    os.environ["__pyfunc_model_path__"] = path
    uvicorn.run("mlflow.pyfunc.scoring_server.app:app", host="127.0.0.1", port=int(port), log_level="warning")
"""


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[httpx.Client]:
    """What ``mlflow models serve`` runs, with the model and the example of its data in ``folder/reference.pkl``."""
    port = free_port()
    script = folder / "serve.py"
    script.write_text(textwrap.dedent(_SERVE))
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/none.db"}
    with (folder / "mlflow.log").open("w+b") as log:
        command = [str(mlflow_python()), str(script), str(folder), str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ, cwd=folder)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
        try:
            wait_for(lambda: _answers(client) or process.poll() is not None, seconds=300)
            assert process.poll() is None, (folder / "mlflow.log").read_text()
            yield client
        finally:
            client.close()
            process.kill()
            process.wait()


def mlflow_python() -> Path:
    """The interpreter of an environment that has MLflow, made once for each choice of versions."""
    wanted = [
        f"mlflow-skinny=={MLFLOW}",
        f"scikit-learn=={sklearn.__version__}",
        "pandas",
        "skops",
        "fastapi",
        "uvicorn",
    ]
    key = hashlib.sha256(f"{wanted} {sys.version}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"modelyard-mlflow-{os.getuid()}-{key}"
    python = folder / "bin" / "python"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            found = uv.find_uv_bin()
            subprocess.run([found, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
            subprocess.run([found, "pip", "install", "--quiet", "--python", str(python), *wanted], check=True)
            (folder / "complete").touch()
    return python


def _answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/ping").status_code == 200
    return False
