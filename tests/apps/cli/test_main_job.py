"""From a pickle to predictions, with the command line alone, against the real server."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from apps.cli.shell import Shell
from support import digits

ADDER = {
    "modelyard.yaml": 'predict: "adder:add"\ntitle: Adder\n',
    "adder.py": '''
"""Adds."""


def add(left: int, right: float = 1.5, note: bytes = b"") -> dict[str, float]:
    """Adds two numbers.

    Args:
        left: the first number
    """
    if left < 0:
        raise ValueError("too small")
    return {"sum": left + right, "bytes": float(len(note))}
''',
}


@pytest.fixture
def adder(tmp_path: Path) -> Path:
    folder = tmp_path / "adder"
    folder.mkdir()
    for name, text in ADDER.items():
        (folder / name).write_text(text)
    return folder


def test_folder_becomes_predictions_and_an_image(creator: Shell, adder: Path) -> None:
    pushed = creator.run("push", adder, "-m", "first")
    assert pushed.returncode == 0, pushed.stderr
    assert "adder:v1 is ready. Image sha256:" in pushed.stderr
    assert "check: complete" in pushed.stderr
    assert pushed.stdout.strip().endswith("/adder/versions/1")

    assert "modelyard deploy" in creator.fails(4, "predict", "adder", "left=1")
    assert creator.json("deploy", "adder")["aliases"][0]["version"] == 1
    assert json.loads(creator.ok("predict", "adder", "--left", 2, "right=3")) == {"sum": 5.0, "bytes": 0.0}
    note = adder / "adder.py"
    answer = creator.json("predict", "adder", "--inputs", '{"left": 1}', f"--note=@{note}")
    assert answer["output"] == {"sum": 2.5, "bytes": float(note.stat().st_size)}
    assert answer["version"] == "1"

    assert "has no input 'middle'" in creator.fails(2, "predict", "adder", "--middle", 2)
    assert "--left INTEGER" in creator.fails(2, "predict", "adder")
    assert "left" in creator.fails(1, "predict", "adder", "--inputs", '{"left": "x"}')
    assert "too small" in creator.fails(1, "predict", "adder", "left=-1")
    assert "too small" in creator.ok("logs", "adder")
    assert "tagged v1" in creator.ok("logs", "adder:v1", "--build")

    assert creator.json("push", adder, "--name", "adder")["number"] == 2
    creator.ok("deploy", "adder:v2")
    assert creator.json("rollback", "adder")["aliases"][0]["version"] == 1
    shown = creator.json("show", "adder")
    assert [version["number"] for version in shown["versions"]] == [2, 1]
    assert "--left INTEGER the first number" in creator.ok("show", "adder:v2")
    assert creator.json("stop", "adder")["wanted"] == "stopped"
    assert creator.ok("list").split("\t")[0].endswith("/adder")


def test_pulled_image_is_what_the_registry_has(creator: Shell, adder: Path, tmp_path: Path) -> None:
    digest = creator.json("push", adder)["image"]["digest"]
    pulled = creator.json("pull-image", "adder", "-o", "image.tar")
    assert pulled["digest"] == digest
    archive = tmp_path / "image.tar"
    inspected = subprocess.run(
        ["skopeo", "inspect", "--raw", f"oci-archive:{archive}"], capture_output=True, check=True
    ).stdout
    manifest = json.loads(inspected)
    with tarfile.open(archive) as tar:
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        assert docker["RepoTags"] == [pulled["image"]]
        assert len(docker["Layers"]) == len(manifest["layers"])
    loaded = subprocess.run(
        ["skopeo", "inspect", f"docker-archive:{archive}"], capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert list(tmp_path.glob("*.partial")) == []


def test_four_parts_and_an_image_file(creator: Shell) -> None:
    options = [text for name, path in digits.parts().items() for text in (f"--{name}", str(path))]
    version = creator.json("push", "--name", "digits", *options)
    assert version["state"] == "ready"
    creator.ok("deploy", "digits")
    images, labels = digits.held_out()
    file = creator.home / "image.json"
    file.write_text(json.dumps(images[0]))
    answer = creator.json("predict", "digits", "--image", f"@{file}")
    assert max(answer["output"], key=answer["output"].get) == str(labels[0])


def test_failed_build_ends_with_one_and_says_why(creator: Shell, adder: Path) -> None:
    (adder / "adder.py").write_text("import not_there\n" + ADDER["adder.py"])
    line = creator.fails(1, "push", adder)
    assert "not_there" in line
    assert creator.json("show", "adder:v1")["state"] == "failed"


def test_what_is_provably_absent_is_refused_at_once(creator: Shell, adder: Path) -> None:
    (adder / "modelyard.yaml").write_text('predict: "adder:ad"\n')
    assert "add" in creator.fails(1, "push", adder)


def test_unfinished_build_need_not_be_waited_for(creator: Shell, adder: Path) -> None:
    assert creator.json("push", adder, "--no-wait")["state"] in ("queued", "building", "ready")
