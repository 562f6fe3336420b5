"""The reference server of the MLflow scoring protocol, in an environment of its own."""

import contextlib
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import sklearn

from box.running import wait_for
from support.clients import python_with
from support.ports import free_port

MLFLOW = "3.17.2"
_SAVE = """
    import pickle, sys
    import mlflow
    saved = pickle.load(open("reference.pkl", "rb"))
    signature = mlflow.models.infer_signature(saved["example"], saved["model"].predict(saved["example"]))
    options = {"pip_requirements": [], "serialization_format": "pickle"}
    mlflow.sklearn.save_model(saved["model"], sys.argv[1], signature=signature, **options)
"""
_SERVE = """
    import os, sys
    import uvicorn
    os.environ["__pyfunc_model_path__"], port = sys.argv[1:]
    uvicorn.run("mlflow.pyfunc.scoring_server.app:app", host="127.0.0.1", port=int(port), log_level="warning")
"""


@contextlib.contextmanager
def mlflow_server(folder: Path, *, save: str = _SAVE) -> Iterator[httpx.Client]:
    """What ``mlflow models serve`` runs, with the model that the script ``save`` writes to ``folder/mlflow-model``.

    By default that is the model in ``folder/reference.pkl``, with the signature of the example of its data there.
    """
    port = free_port()
    model = folder / "mlflow-model"
    _run(save, folder, str(model)).communicate()
    assert model.exists(), (folder / "mlflow.log").read_text()
    process = _run(_SERVE, folder, str(model), str(port))
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
    try:
        wait_for(lambda: _answers(client) or process.poll() is not None, seconds=300)
        assert process.poll() is None, (folder / "mlflow.log").read_text()
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()


def _run(script: str, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/none.db"}
    command = [str(mlflow_python()), "-c", textwrap.dedent(script), *arguments]
    with (folder / "mlflow.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ, cwd=folder)


def mlflow_python() -> Path:
    """The interpreter of an environment that has MLflow, made once for each choice of versions."""
    wanted = [
        f"mlflow-skinny=={MLFLOW}",
        f"scikit-learn=={sklearn.__version__}",
        "pandas",
        "pyarrow",  # what a table of text is pickled with where it is there
        "skops",
        "fastapi",
        "uvicorn",
    ]
    return python_with(wanted, name="mlflow")


def _answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/ping").status_code == 200
    return False
