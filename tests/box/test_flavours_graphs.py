"""Graphs with several named inputs, and files of XGBoost's own: trained, described, and asked over HTTP.

The boxes find the libraries where the examples are trained; whole pushes are in ``tests/examples``.
"""

import json
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton

from box import running
from support import examples
from support.ports import free_port

ROWS = {"left": [[1.0, 2.0], [3.0, 4.0]], "right": [[1.0, 0.0, 1.0], [2.0, 2.0, 0.5]]}
"""Two calls, by input."""

ONNX = """
    import onnx, sys
    from onnx import TensorProto, helper
    left = helper.make_tensor_value_info("left", TensorProto.FLOAT, ["n", 2])
    right = helper.make_tensor_value_info("right", TensorProto.FLOAT, ["n", 3])
    outputs = [
        helper.make_tensor_value_info("all", TensorProto.FLOAT, ["n", 5]),
        helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n"]),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [
        helper.make_node("Concat", ["left", "right"], ["all"], axis=1),
        helper.make_node("ReduceSum", ["all", "axes"], ["sum"], keepdims=0),
    ]
    graph = helper.make_graph(nodes, "two", [left, right], outputs, [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, sys.argv[1])
"""
KERAS = """
    import os, sys
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    left, right = keras.Input((2,), name="left"), keras.Input((3,), name="right")
    joined = keras.layers.Concatenate(name="all")([left, right])
    total = keras.layers.Dense(1, kernel_initializer="ones", name="sum")(joined)
    inputs = {"right": right, "left": left} if BY_NAME else [left, right]
    outputs = {"sum": total, "all": joined} if BY_NAME else [joined, total]
    keras.Model(inputs, outputs).save(sys.argv[1])
"""
SINGLE = """
    import os, sys
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    given, layer = keras.Input((2,), name="point"), keras.layers.Dense(1, kernel_initializer="ones", name="sum")
    named = keras.Model({"point": given}, {"sum": layer(given)}) if BY_NAME else None
    (named or keras.Sequential([given, layer])).save(sys.argv[1])
"""
GRAPHS = {
    "two.onnx": ("onnx", ONNX),
    "list.keras": ("keras", KERAS.replace("BY_NAME", "False")),
    "names.keras": ("keras", KERAS.replace("BY_NAME", "True")),
    "list.h5": ("keras", KERAS.replace("BY_NAME", "False")),
}
BOOSTER = """
    import json, sys
    import numpy, xgboost
    rows = numpy.arange(40.0).reshape(20, 2) % 7
    matrix = xgboost.DMatrix(rows, label=rows[:, 0] > 3, feature_names=["width", "height"])
    model = xgboost.train({"objective": "binary:logistic", "max_depth": 2}, matrix, 5)
    model.save_model(sys.argv[1])
    print(json.dumps(model.predict(matrix).tolist()))
"""


def made(source: str, file: Path) -> str:
    """What the script printed that wrote the model."""
    command = [str(examples.python()), "-c", textwrap.dedent(source), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def described(folder: Path, framework: str, file: Path) -> Path:
    """The configuration of a box that serves the file by the signature that its ``describe`` reports."""
    config = running.write_box(folder, {}, inputs={}, artifact=file.read_bytes(), artifact_name=file.name)
    site = next((examples.python().parents[1] / "lib").glob("python*/site-packages"))
    document = json.loads(config.read_text())
    document |= {"site": str(site), "framework": {"name": framework, "model": None, "arguments": {}}}
    config.write_text(json.dumps(document))
    result = folder / "result.json"
    environment = running.box_environ(config, MODELYARD_CHECK_RESULT=str(result))
    subprocess.run(running.box_command("describe"), env=environment, check=False)
    found = json.loads(result.read_text())
    assert found["ok"], found
    config.write_text(json.dumps(document | {"signature": found["signature"]}))
    return config


@pytest.fixture(scope="module", params=GRAPHS)
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """A box with a graph of two inputs and two outputs, and Triton's client of it."""
    framework, source = GRAPHS[request.param]
    folder = tmp_path_factory.mktemp("graph")
    made(source, folder / request.param)
    config = described(folder, framework, folder / request.param)
    port = str(free_port())
    with running.serving(config, ready=False, MODELYARD_PORT=port, MODELYARD_REPOSITORY="ann/two") as box:
        client = triton.InferenceServerClient(f"127.0.0.1:{port}", network_timeout=120, connection_timeout=120)
        running.wait_for(lambda: box._health() == 200, seconds=120)
        yield box, client


def test_inputs_go_by_name(graph: tuple[Any, Any]) -> None:
    box, _ = graph
    signature = box.client.get("/model/data").json()["signature"]
    assert signature["inputs"]["properties"].keys() == {"left", "right"}
    lengths = {name: schema["minItems"] for name, schema in signature["inputs"]["properties"].items()}
    assert lengths == {"left": 2, "right": 3}
    assert set(signature["output"]["properties"]) == {"all", "sum"}
    for index in range(2):
        left, right = ROWS["left"][index], ROWS["right"][index]
        found = box.output({"right": right, "left": left})
        assert found["all"] == [*left, *right]
        assert np.ravel(found["sum"]).tolist() == pytest.approx([sum(left) + sum(right)])
    wrong = box.predict({"left": [1.0], "right": [1.0, 2.0, 3.0]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "left")


@pytest.mark.parametrize("binary", [True, False])
def test_tensors_go_by_name(graph: tuple[Any, Any], binary: bool) -> None:
    """Both rows at once, as Triton's client sends them."""
    _, client = graph
    metadata = client.get_model_metadata("two")
    assert {tensor["name"] for tensor in metadata["inputs"]} == {"left", "right"}
    assert {tensor["name"] for tensor in metadata["outputs"]} == {"all", "sum"}
    tensors = []
    for name, rows in ROWS.items():
        tensor = triton.InferInput(name, list(np.shape(rows)), "FP32")
        tensor.set_data_from_numpy(np.asarray(rows, "float32"), binary_data=binary)
        tensors.append(tensor)
    asked = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("all", "sum")]
    answer = client.infer("two", tensors, outputs=asked)
    joined = np.concatenate([ROWS["left"], ROWS["right"]], axis=1)
    assert answer.as_numpy("all").tolist() == joined.tolist()
    assert np.ravel(answer.as_numpy("sum")).tolist() == pytest.approx(joined.sum(axis=1).tolist())


@pytest.mark.parametrize(
    ("by_name", "inputs", "output"), [("False", {"input": [1, 2]}, [3]), ("True", {"point": [1, 2]}, {"sum": [3]})]
)
def test_a_single_input_of_keras(tmp_path: Path, by_name: str, inputs: dict[str, Any], output: Any) -> None:
    """It goes by its name only where the model was made with one."""
    made(SINGLE.replace("BY_NAME", by_name), tmp_path / "one.keras")
    with running.serving(described(tmp_path, "keras", tmp_path / "one.keras"), ready=False) as box:
        running.wait_for(lambda: box._health() == 200, seconds=120)
        assert box.output(inputs) == output


@pytest.mark.parametrize("suffix", ["json", "ubj"])
def test_xgboosts_own_files(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"model.{suffix}"
    expected = json.loads(made(BOOSTER, file))
    with running.serving(described(tmp_path, "xgboost", file), ready=False) as box:
        running.wait_for(lambda: box._health() == 200, seconds=120)
        rows = np.arange(40.0).reshape(20, 2) % 7
        found = [box.output({"width": width, "height": height}) for width, height in rows.tolist()]
    assert found == pytest.approx(expected)
