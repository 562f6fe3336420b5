"""Models without a predict function: what a file alone says, and what has to be asked for."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.sources import service as sources
from modelyard.rooms.sources.errors import ConfigInvalid, ProjectIncomplete, WeightsUnreadable
from modelyard.rooms.sources.schemas import Project


@pytest.fixture(scope="module")
def estimator() -> LogisticRegression:
    return LogisticRegression().fit(np.arange(20.0).reshape(10, 2), [0, 1] * 5)


def read(tmp_path: Path, name: str, data: bytes, *, config: Any = None, requirements: str | None = None) -> Project:
    artifact = tmp_path / name
    artifact.write_bytes(data)
    files: list[Path | None] = []
    for kind, text in (("r.txt", requirements), ("c.json", None if config is None else json.dumps(config))):
        files.append(tmp_path / kind if text is not None else None)
        if text is not None:
            (tmp_path / kind).write_text(text)
    return sources.read_artifact(artifact, files[0], files[1], workdir=tmp_path)


def keras_file(tmp_path: Path, version: str) -> bytes:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", "{}")
    return (tmp_path / "made.zip").read_bytes()


def test_an_estimator_alone_names_its_requirements(tmp_path: Path, estimator: Any):
    project = read(tmp_path, "m.pkl", pickle.dumps(estimator))
    assert project.requirements == f"scikit-learn=={sklearn.__version__}\nnumpy>=2\n"
    assert str(project.target) == "modelyard_box.flavours.estimator:Model.predict"
    assert (project.to_json()["framework"]["name"], project.to_json()["is_described"]) == ("sklearn", False)


def test_columns_chosen_by_name_need_pandas(tmp_path: Path):
    frame = pd.DataFrame({"kind": ["a", "b"] * 5})
    model = make_pipeline(make_column_transformer((OneHotEncoder(), ["kind"])), LogisticRegression())
    joblib.dump(model.fit(frame, [0, 1] * 5), tmp_path / "made")
    project = read(tmp_path, "m.joblib", (tmp_path / "made").read_bytes())
    assert "pandas" in project.requirements.splitlines()


def test_a_clone_of_the_commit_is_the_same_project(tmp_path: Path, estimator: Any):
    project = read(tmp_path, "m.pkl", pickle.dumps(estimator), config={"title": "T", "description": "D"})
    again = sources.read_directory(sources.write_commit_tree(project, tmp_path / "tree"))
    assert (again.to_json() | {"notes": []}) == (project.to_json() | {"notes": []})
    assert (again.card.title, again.card.description) == ("T", "D")


def test_onnx_and_keras_say_enough(tmp_path: Path):
    assert read(tmp_path, "m.onnx", b"\x08\x08").requirements == "onnxruntime\n"
    assert read(tmp_path, "m.keras", keras_file(tmp_path, "3.9.1")).requirements == "keras==3.9.1\njax\n"


@pytest.mark.parametrize(("name", "data"), [("m.json", b'{"learner":{}}'), ("m.ubj", b"{L\0\0\0\0\0\0\0\x07learner{")])
def test_a_file_of_xgboosts_own_says_enough(tmp_path: Path, name: str, data: bytes):
    project = read(tmp_path, name, data)
    assert (project.requirements, project.to_json()["framework"]["name"]) == ("xgboost-cpu\n", "xgboost")
    assert project.weights is not None
    assert (project.weights["format"], project.weights["label"]) == ("xgboost", "data")


def test_hdf5_with_its_requirements(tmp_path: Path):
    project = read(tmp_path, "m.h5", b"\x89HDF", requirements="keras==3.9.1\njax\n")
    assert project.to_json()["framework"]["name"] == "keras"
    assert project.weights is not None
    assert project.weights["label"] == "unreadable"


def test_given_requirements_stand(tmp_path: Path, estimator: Any):
    project = read(tmp_path, "m.pkl", pickle.dumps(estimator), requirements="scikit-learn>=1.4\n")
    assert project.requirements == "scikit-learn>=1.4\n"


@pytest.mark.parametrize(
    ("name", "data", "error", "field", "words"),
    [
        ("m.pkl", b"cxgboost.sklearn\nXGBClassifier\n)R.", ProjectIncomplete, "requirements", "needs xgboost"),
        ("m.pkl", b"cmine\nModel\n)R.", ProjectIncomplete, "requirements", "needs mine"),
        ("m.pkl", b"csklearn.svm\nSVC\n)R.", ProjectIncomplete, "requirements", "no version of scikit-learn"),
        ("m.pkl", b"not a pickle", WeightsUnreadable, "artifact", "no pickle, or it is damaged"),
        ("m.pkl", b"", ProjectIncomplete, "artifact", "is empty"),
        ("m.keras", b"PK", WeightsUnreadable, "artifact", "no .keras file"),
        ("m.pt", b"PK", ProjectIncomplete, "artifact", "not the module that they belong to"),
        ("m.h5", b"\x89HDF", ProjectIncomplete, "requirements", "A model of keras needs requirements"),
        ("m.json", b'{"a": 1}', WeightsUnreadable, "artifact", "no model that XGBoost saved"),
        ("m.tflite", b"TFL3", WeightsUnreadable, "artifact", "of no kind that can be pushed alone"),
    ],
)
def test_what_cannot_be_known_is_asked_for(
    tmp_path: Path, name: str, data: bytes, error: type[ModelyardError], field: str, words: str
):
    with pytest.raises(error, match=words) as caught:
        read(tmp_path, name, data)
    assert caught.value.field == field
    assert caught.value.remedy


def test_an_older_keras_is_asked_about(tmp_path: Path):
    with pytest.raises(ProjectIncomplete, match=r"2\.15\.0"):
        read(tmp_path, "m.keras", keras_file(tmp_path, "2.15.0"))


@pytest.mark.parametrize(
    ("config", "error", "field"),
    [
        ({"predict": "m:f"}, ProjectIncomplete, "source"),
        ({"framework": "tensorboard"}, ConfigInvalid, "/framework"),
        ({"framework": "onnx", "predict": "m:f"}, ConfigInvalid, "/predict"),
        ({"framework": "onnx", "model": "m:Net"}, ProjectIncomplete, "source"),
        ({"framework": "torch", "model": 3}, ConfigInvalid, "/model"),
        ({"framework": "torch"}, ConfigInvalid, "/model"),
        ({"framework": "onnx", "input_shape": [0]}, ConfigInvalid, "/input_shape/0"),
    ],
)
def test_configs_that_no_box_could_load(tmp_path: Path, config: Any, error: type[ModelyardError], field: str):
    with pytest.raises(error) as caught:
        read(tmp_path, "m.onnx", b"\x08\x08", config=config)
    assert caught.value.field == field


def test_a_torch_folder(tmp_path: Path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "net.py").write_text("class Net: ...\n")
    (folder / "weights.pt").write_bytes(pickle.dumps({}))
    (folder / "requirements.txt").write_text("torch\n")
    manifest = 'framework: torch\nmodel: "net:Net"\nartifact: weights.pt\ninput_shape: [1, null]\narguments: {n: 0.5}\n'
    (folder / "modelyard.yaml").write_text(manifest)
    project = sources.read_directory(folder)
    assert project.to_json()["framework"] == {
        "name": "torch",
        "model": "net:Net",
        "arguments": {"n": 0.5},
        "input_shape": [1, None],
    }
    again = sources.read_directory(sources.write_commit_tree(project, tmp_path / "tree"))
    assert again.to_json() == project.to_json()
    (folder / "requirements.txt").unlink()
    with pytest.raises(ProjectIncomplete, match="needs requirements"):
        sources.read_directory(folder)
