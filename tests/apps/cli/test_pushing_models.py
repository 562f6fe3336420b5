"""``modelyard push`` of a model's file alone, and of MLflow's folders."""

import pickle
import zipfile
from pathlib import Path

import pytest

from apps.cli.shell import Shell
from modelyard.apps.cli.packing import kind_of, packed


def test_a_models_file_is_an_artifact(creator: Shell, tmp_path: Path) -> None:
    """Named after the file; what it does not say is asked for in the server's words."""
    (tmp_path / "Wine.pkl").write_bytes(pickle.dumps({}, protocol=2))
    (tmp_path / "r.txt").write_text("annotated-types\n")
    pushed = creator.json("push", tmp_path / "Wine.pkl", "--requirements", tmp_path / "r.txt", "--no-wait")
    assert (pushed["framework"], pushed["weights"]["label"]) == ("estimator", "known-code")
    assert creator.ok("list").find("/wine") > 0
    (tmp_path / "net.pt").write_bytes(b"PK")
    assert "not the module that they belong to" in creator.fails(1, "push", tmp_path / "net.pt", "--name", "net")


@pytest.mark.parametrize("option", ["--artifact", "--source"])
def test_a_models_file_stands_alone(creator: Shell, tmp_path: Path, option: str) -> None:
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08")
    assert f"leave out {option}" in creator.fails(2, "push", tmp_path / "m.onnx", option, tmp_path / "m.onnx")


def test_a_script_and_a_folder_that_runs_make_operations(creator: Shell, tmp_path: Path) -> None:
    """The repository's kind follows from what is pushed; so do a zip's and a config's."""
    script = tmp_path / "Turn.py"
    script.write_text("def turn(n: int = 1) -> dict:\n    return {}\n")
    pushed = creator.json("push", script, "--no-wait")
    assert (pushed["operation"]["kind"], pushed["target"]) == ("operation", "Turn:turn")
    folder = tmp_path / "show"
    folder.mkdir()
    (folder / "modelyard.yaml").write_text("run: Turn:turn\nkind: visualisation\n")
    (folder / "Turn.py").write_text(script.read_text())
    assert creator.json("push", folder, "--no-wait")["operation"]["kind"] == "visualisation"
    with packed(folder) as file:
        assert kind_of(file, None, None) == "operation"
    config = tmp_path / "config.json"
    for text, kind in (('{"run": "m:f"}', "operation"), ('{"predict": "m:f"}', "model"), ("{", "model")):
        config.write_text(text)
        assert kind_of(None, tmp_path / "s.zip", config) == kind
    assert "a script" in creator.fails(2, "push", script, "--source", script)


def test_a_folder_of_mlflow_is_packed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    with packed(tmp_path / "model") as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["MLmodel"]
