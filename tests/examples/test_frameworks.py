"""Each example of a framework: trained, pushed to a real server, deployed, and asked what its own library answered."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton

from modelyard_client import Client
from support import examples


def test_scikit_learn_alone():
    """No requirements: the file says its version; the signature has the columns and the classes."""
    version = examples.push_ready("wine_sklearn", artifact=examples.trained("wine_sklearn") / "model.joblib")
    inputs, output = version["signature"]["inputs"], version["signature"]["output"]
    assert len(inputs["properties"]) == 13
    assert inputs["properties"]["alcohol"] == {"type": "number"}
    assert output == {"type": "string", "enum": ["class_0", "class_1", "class_2"]}
    assert version["framework"] == "sklearn"
    assert version["weights"]["label"] == "known-code"
    assert version["notes"][0].startswith("It has no requirements; scikit-learn==")


def test_xgboost_with_requirements():
    folder = examples.trained("cancer_xgboost")
    files = {"artifact": folder / "model.pkl", "requirements": folder / "requirements.txt"}
    version = examples.push_ready("cancer_xgboost", **files)
    features = version["signature"]["inputs"]["properties"]["features"]
    assert (features["minItems"], features["maxItems"]) == (30, 30)
    assert version["signature"]["output"] == {"type": "integer", "enum": [0, 1]}
    assert version["framework"] == "xgboost"


def test_lightgbm_with_a_system_package_and_an_example():
    folder = examples.trained("diabetes_lightgbm")
    files = {"artifact": folder / "model.joblib", "requirements": folder / "requirements.txt"}
    version = examples.push_ready("diabetes_lightgbm", **files, config=folder / "config.json")
    assert list(version["signature"]["inputs"]["properties"])[:3] == ["age", "sex", "bmi"]
    assert version["signature"]["output"] == {"type": "number"}
    assert version["card"]["title"] == "Diabetes"


def test_onnx_alone():
    version = examples.push_ready("digits_onnx", artifact=examples.trained("digits_onnx") / "model.onnx")
    signature = version["signature"]
    assert signature["inputs"]["properties"]["X"]["minItems"] == 64
    assert signature["output"]["properties"]["label"] == {"type": "integer"}
    assert version["weights"]["label"] == "data"


def test_onnx_with_two_inputs():
    """They go by name through ``/predict``, and through the Open Inference Protocol, several rows at once."""
    artifact = examples.trained("iris_two_inputs_onnx") / "model.onnx"
    version = examples.push_ready("iris_two_inputs_onnx", artifact=artifact, then=_infer_two_inputs)
    inputs = version["signature"]["inputs"]["properties"]
    assert {name: schema["maxItems"] for name, schema in inputs.items()} == {"sepal": 2, "petal": 2}


def _infer_two_inputs(client: Client, address: str) -> None:
    inputs, outputs = examples.expected("iris_two_inputs_onnx")
    tensors = []
    for name in ("sepal", "petal"):
        rows = np.array([row[name] for row in inputs], "float32")
        tensors.append(triton.InferInput(name, list(rows.shape), "FP32"))
        tensors[-1].set_data_from_numpy(rows)
    headers = {"authorization": f"Bearer {examples.site().token}"}
    server = f"{client.url.removeprefix('http://')}/serve/{address}"
    with triton.InferenceServerClient(server, network_timeout=60) as surface:
        answer = surface.infer(address.rpartition("/")[2], tensors, headers=headers)
    assert answer.as_numpy("label").tolist() == [output["label"] for output in outputs]
    assert examples.is_close(answer.as_numpy("probabilities").tolist(), [o["probabilities"] for o in outputs])


def test_a_truncated_onnx_file_fails_with_the_reason():
    """Its signature is read in a run, which says what is wrong; the server goes on, and takes the whole file."""
    whole = (examples.trained("digits_onnx") / "model.onnx").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / "model.onnx"
        cut.write_bytes(whole[: len(whole) // 2])
        client, address, version = examples.push("cut_onnx", artifact=cut)
    assert version["state"] == "failed"
    assert version["reason"] == "model.onnx is no ONNX file, or it is damaged or cut short: export or copy it again"
    assert {stage["name"]: stage["state"] for stage in version["stages"]}["check"] == "failed"
    assert client.get_version(address, version["number"])["state"] == "failed"
    artifact = examples.trained("digits_onnx") / "model.onnx"
    assert examples.push("cut_onnx", artifact=artifact)[2]["state"] == "ready"


def test_a_file_of_xgboosts_own():
    artifact = examples.trained("cancer_xgboost_file") / "model.ubj"
    version = examples.push_ready("cancer_xgboost_file", artifact=artifact)
    assert len(version["signature"]["inputs"]["properties"]) == 30
    assert version["signature"]["output"] == {"type": "number"}
    assert (version["framework"], version["weights"]["label"]) == ("xgboost", "data")
    assert version["notes"][0].startswith("It has no requirements, so the newest XGBoost is used")


def test_torch_with_code():
    archive = examples.zipped(examples.trained("digits_torch") / "project")
    version = examples.push_ready("digits_torch", archive=archive)
    image = version["signature"]["inputs"]["properties"]["image"]
    assert (image["minItems"], image["items"]["minItems"], image["items"]["items"]["minItems"]) == (1, 8, 8)
    assert version["signature"]["output"] == {"type": "array", "items": {"type": "number"}}
    assert version["weights"]["label"] == "known-code"


def test_keras_alone():
    version = examples.push_ready("iris_keras", artifact=examples.trained("iris_keras") / "model.keras")
    assert version["signature"]["inputs"]["properties"]["input"]["minItems"] == 4
    assert version["weights"]["label"] == "data"


def test_mlflow_directory():
    """The signature is that of the directory, and the input example is answered before the version is ready."""
    archive = examples.zipped(examples.trained("iris_mlflow") / "model")
    version = examples.push_ready("iris_mlflow", archive=archive)
    assert next(iter(version["signature"]["inputs"]["properties"])) == "sepal length (cm)"
    assert version["signature"]["output"] == {"type": "integer"}
    assert version["card"]["example"]["petal width (cm)"] == pytest.approx(0.2)
