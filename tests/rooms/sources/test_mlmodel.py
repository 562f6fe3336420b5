"""MLflow's directories read as data: signature, requirements, example, and what is wrong with some."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.sources import service as sources
from modelyard.rooms.sources.schemas import Project

COLUMNS = [
    {"type": "double", "name": "a", "required": True},
    {"type": "string", "name": "b", "required": False},
    {"type": "integer", "name": "c", "required": True},
]
DOCUMENT: dict[str, Any] = {
    "flavors": {"python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.11.9"}},
    "mlflow_version": "3.4.0",
    "signature": {"inputs": json.dumps(COLUMNS), "outputs": '[{"type": "long", "required": true}]', "params": None},
}


def read(tmp_path: Path, document: Any, **files: str) -> Project:
    folder = tmp_path / "model"
    folder.mkdir(exist_ok=True)
    text = document if isinstance(document, str) else yaml.safe_dump(document)
    for name, content in {"MLmodel": text, "requirements.txt": "mlflow==3.4.0\n", **files}.items():
        (folder / name.replace("__", ".")).write_text(content)
    return sources.read_directory(folder)


def test_columns_are_inputs(tmp_path: Path):
    project = read(tmp_path, DOCUMENT)
    signature = sources.read_signature(project, default_python="3.11")
    assert list(signature.inputs["properties"]) == ["a", "b", "c"]
    assert signature.inputs["required"] == ["a", "c"]
    assert signature.inputs["properties"]["b"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert signature.output == {"type": "integer"}
    assert (project.python, project.requirements, project.to_json()["is_described"]) == (
        "3.11",
        "mlflow==3.4.0\n",
        True,
    )


def test_tensors_lose_their_open_dimension(tmp_path: Path):
    spec = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2, 3]}}
    outputs = [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]
    params = [{"name": "t", "type": "double", "default": 0.5, "shape": None}]
    signature = {"inputs": json.dumps([spec]), "outputs": json.dumps(outputs), "params": json.dumps(params)}
    found = sources.read_signature(read(tmp_path, DOCUMENT | {"signature": signature}), default_python="3.11")
    tensor = found.inputs["properties"]["input"]
    assert (tensor["minItems"], tensor["items"]["maxItems"], tensor["items"]["items"]) == (2, 3, {"type": "number"})
    assert found.inputs["properties"]["t"] == {"type": "number", "default": 0.5}
    assert found.inputs["required"] == ["input"]
    assert found.output == {"type": "integer"}


def test_the_example_becomes_the_cards(tmp_path: Path):
    document = DOCUMENT | {"saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"}}
    example = json.dumps({"columns": ["a", "b", "c"], "data": [[1.5, "x", 2], [0, "y", 1]]})
    project = read(tmp_path, document, input_example__json=example)
    assert project.card.example == {"a": 1.5, "b": "x", "c": 2}
    again = sources.read_directory(sources.write_commit_tree(project, tmp_path / "tree"))
    assert again.to_json() | {"notes": []} == project.to_json() | {"notes": []}


def test_a_model_without_a_signature_is_described_by_a_run(tmp_path: Path):
    project = read(tmp_path, {name: part for name, part in DOCUMENT.items() if name != "signature"})
    assert project.to_json()["is_described"] is False
    assert "no signature" in project.notes[0]


def test_requirements_of_conda_and_python_env(tmp_path: Path):
    conda = "dependencies:\n- python=3.13.1\n- pip\n- pip:\n  - scikit-learn==1.7.0\n"
    folder = tmp_path / "model"
    read(tmp_path, DOCUMENT, conda__yaml=conda, python_env__yaml="python: 3.12.1\ndependencies: [numpy]\n")
    (folder / "requirements.txt").unlink()
    project = sources.read_directory(folder)
    assert (project.python, project.requirements.splitlines()[0]) == ("3.13", "scikit-learn==1.7.0")
    assert project.requirements.splitlines()[1:] == ["mlflow-skinny==3.4.0", "pandas", "numpy"]
    (folder / "conda.yaml").unlink()
    project = sources.read_directory(folder)
    assert (project.python, project.requirements.splitlines()[0]) == ("3.12", "numpy")
    (folder / "python_env.yaml").unlink()
    with pytest.raises(ModelyardError, match="has neither requirements"):
        sources.read_directory(folder)


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nflavors: *b\n"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "names no flavors"),
        ("- 1", "names no flavors"),
        ("flavors: {", "MLmodel is not valid YAML"),
        (BOMB, "anchors and aliases are not allowed"),
        ("flavors: " + "[" * 50 + "]" * 50, "nested too deeply"),
        ("flavors: !!python/object:os.system {}", "tag"),
        ("flavors: {spark: {}}", "has no flavor python_function, by which Python calls a model \\(it has spark\\)"),
        ("x: " + "y" * 300_000, "larger than 256 KiB"),
    ],
)
def test_documents_that_are_refused(tmp_path: Path, document: str, words: str):
    with pytest.raises(ModelyardError, match=words) as caught:
        read(tmp_path, document)
    assert caught.value.field
    assert caught.value.remedy


@pytest.mark.parametrize("inputs", ["{}", "[1]", '[{"name": "a"}]', "not json", '[{"type": "tensor"}]', "[[[["])
def test_a_signature_that_cannot_be_read_is_left_to_a_run(tmp_path: Path, inputs: str):
    project = read(tmp_path, DOCUMENT | {"signature": {"inputs": inputs}})
    assert project.to_json()["is_described"] is False
    assert "cannot be read" in project.notes[0]
