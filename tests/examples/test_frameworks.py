"""Each example of a framework: trained, pushed to a real server, deployed, and asked what its own library answered."""

import pytest

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
