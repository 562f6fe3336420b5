"""MLflow models whose signatures have tensors and params, side by side with MLflow's own scoring server."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from box import running
from box.references import mlflow_python, mlflow_server
from modelyard.rooms.sources import service as sources

SAVE = """
    import sys
    import mlflow, numpy
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    def tensor(dtype, *shape, name=None):
        return TensorSpec(numpy.dtype(dtype), shape, name)

    class Model(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            assert all(part.dtype == numpy.float32 for part in (model_input if isinstance(model_input, dict) else
                {"input": model_input}).values())
            %s

    params = ParamSchema([%s])
    signature = ModelSignature(inputs=Schema([%s]), outputs=Schema([%s]), params=params)
    options = {"pip_requirements": ["numpy", "pandas"]}
    mlflow.pyfunc.save_model(sys.argv[1], python_model=Model(), signature=signature, **options)
"""
PARAMS = """ParamSpec("scale", "double", 1.0), ParamSpec("shift", "long", 0), ParamSpec("mode", "string", "sum"),
    ParamSpec("weights", "double", [1.0, 1.0], shape=(-1,)), ParamSpec("up", "boolean", False)"""
ONE = SAVE % (
    """found = getattr(model_input, params["mode"])(axis=2) @ numpy.array(params["weights"])
            return (found * params["scale"] + params["shift"]) * (-1 if params["up"] else 1)""",
    PARAMS,
    "tensor('float32', -1, 2, 3)",
    "tensor('float64', -1)",
)
NAMED = SAVE % (
    "return {'all': numpy.c_[model_input['a'], model_input['b']], 'sum': model_input['a'].sum(axis=1)}",
    "",
    "tensor('float32', -1, 2, name='a'), tensor('float32', -1, 1, name='b')",
    "tensor('float32', -1, 3, name='all'), tensor('float32', -1, name='sum')",
)
OPEN = SAVE % ("return model_input.sum(axis=1)", "", "tensor('float32', -1, -1)", "tensor('float32', -1)")
FIXED = SAVE % ("return model_input * 2", "", "tensor('float32', 2, 2)", "tensor('float32', 2, 2)")

CUBES = [[[1, 2, 3], [4, 5, 6]], [[0.5, 0, 0], [1, 1, 1]]]
CASES: dict[str, tuple[str, Any]] = {
    "inputs": (ONE, {"inputs": CUBES}),
    "instances": (ONE, {"instances": CUBES}),
    "one of them": (ONE, {"inputs": CUBES[:1]}),
    "params": (ONE, {"inputs": CUBES, "params": {"scale": 2.5, "mode": "max", "up": True}}),
    "a list for a param": (ONE, {"instances": CUBES, "params": {"weights": [1, -1], "shift": 3}}),
    "a whole number for a double": (ONE, {"instances": CUBES, "params": {"scale": 2}}),
    "a param that is none": (ONE, {"inputs": CUBES, "params": {"odd": 1}}),
    "named tensors": (NAMED, {"inputs": {"a": [[1, 2], [3, 4]], "b": [[5], [6]]}}),
    "named tensors by instance": (NAMED, {"instances": [{"a": [1, 2], "b": [5]}, {"a": [3, 4], "b": [6]}]}),
    "one of the named": (NAMED, {"inputs": {"a": [[1, 2]], "b": [[5]]}}),
    "an open dimension": (OPEN, {"inputs": [[1, 2, 3, 4], [5, 6, 7, 8]]}),
    "no open dimension": (FIXED, {"inputs": [[1, 2], [3, 4]]}),
}
REFUSED: dict[str, tuple[str, Any]] = {
    "another shape": (ONE, {"inputs": [[[1, 2], [3, 4]]]}),
    "fewer dimensions": (ONE, {"inputs": [1, 2]}),
    "text": (ONE, {"inputs": [[["a", "b", "c"], ["d", "e", "f"]]]}),
    "a param of another type": (ONE, {"inputs": CUBES, "params": {"scale": "wide"}}),
    "no list for a param": (ONE, {"inputs": CUBES, "params": {"weights": 3}}),
    "a tensor is missing": (NAMED, {"inputs": {"a": [[1, 2], [3, 4]]}}),
}

Pair = tuple[httpx.Client, running.RunningBox]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Pair]]:
    """MLflow's server and a box, of the model that a script saves; each is started once."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Pair] = {}

        def get(save: str) -> Pair:
            if save not in found:
                folder = tmp_path_factory.mktemp("tensors")
                mlflow = stack.enter_context(mlflow_server(folder, save=save))
                box = stack.enter_context(running.serving(_config(folder), ready=False))
                running.wait_for(lambda: box._health() == 200, seconds=120)
                found[save] = mlflow, box
            return found[save]

        yield get


def _config(folder: Path) -> Path:
    """Of a box with the directory that MLflow wrote, and the signature that a push reads from it."""
    project = sources.read_directory(folder / "mlflow-model")
    signature = sources.read_signature(project, default_python="3.11").to_json()
    site = next((mlflow_python().parents[1] / "lib").glob("python*/site-packages"))
    config = running.write_box(folder, {}, inputs={}, site=site)
    framework = {"name": "mlflow", "model": None, "arguments": {}}
    told = {"signature": signature, "source": str(folder / "mlflow-model"), "framework": framework}
    config.write_text(json.dumps(json.loads(config.read_text()) | told))
    return config


@pytest.mark.parametrize("name", CASES)
def test_predictions_are_those_of_mlflow(pair: Callable[[str], Pair], name: str) -> None:
    save, body = CASES[name]
    mlflow, box = pair(save)
    expected, found = mlflow.post("/invocations", json=body), box.client.post("/invocations", json=body)
    assert expected.status_code == 200, expected.text
    assert (found.status_code, found.json()) == (200, expected.json())


@pytest.mark.parametrize("name", REFUSED)
def test_what_mlflow_refuses_is_refused(pair: Callable[[str], Pair], name: str) -> None:
    save, body = REFUSED[name]
    mlflow, box = pair(save)
    found = box.client.post("/invocations", json=body)
    assert (mlflow.post("/invocations", json=body).status_code, found.status_code) == (400, 400)
    assert found.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_one_call_takes_one_row_with_the_params_beside_it(pair: Callable[[str], Pair]) -> None:
    """``/predict`` and the form, which are made from the same signature."""
    _, box = pair(ONE)
    signature = box.client.get("/model/data").json()["signature"]["inputs"]
    defaults = {name: schema.get("default") for name, schema in signature["properties"].items()}
    assert defaults == {"input": None, "scale": 1.0, "shift": 0, "mode": "sum", "weights": [1.0, 1.0], "up": False}
    assert signature["required"] == ["input"]
    assert box.output({"input": CUBES[0]}) == 21
    assert box.output({"input": CUBES[0], "scale": 2, "shift": 1}) == 43
    assert box.output({"input": CUBES[0], "weights": [1, 0], "up": True}) == -6
    wrong = box.predict({"input": CUBES[0], "scale": "wide"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "scale")
    assert "weights" in json.dumps(box.client.get("/openapi.json").json()["components"]["schemas"])
