"""Both forms of a push, from files to a commit and back."""

import json
import os
import stat
from pathlib import Path

import pytest

from modelyard.kit.errors import ModelyardError, StorageFull
from modelyard.rooms.signatures.errors import TargetMissing
from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources import committing, service
from modelyard.rooms.sources.errors import ConfigInvalid, LinkRefused, PathCollision, PathUnsafe, ProjectIncomplete
from modelyard.rooms.sources.schemas import Project
from rooms.sources.crafted import honest

SOURCE = {"m.py": b"def predict(model, a: int) -> int: ...\n", "pkg/data.txt": b"d"}
CONFIG = {"predict": {"module": "m", "function": "predict"}}


@pytest.fixture
def push(tmp_path):
    """Reads the four parts, given as bytes."""

    def read(
        source=SOURCE, config=CONFIG, requirements: bytes | None = b"numpy>=2\n", artifact=("model.pkl", b"\x80")
    ) -> Project:
        (tmp_path / "source.zip").write_bytes(honest(source))
        (tmp_path / "config.json").write_text(json.dumps(config))
        if requirements is not None:
            (tmp_path / "req").write_bytes(requirements)
        if artifact:
            (tmp_path / "parts").mkdir(exist_ok=True)
            (tmp_path / "parts" / artifact[0]).write_bytes(artifact[1])
        return service.read_parts(
            tmp_path / "source.zip",
            tmp_path / "parts" / artifact[0] if artifact else None,
            tmp_path / "req" if requirements is not None else None,
            tmp_path / "config.json",
            workdir=tmp_path,
        )

    return read


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def files_of(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_four_parts(push):
    project = push(config={**CONFIG, "python": "3.12", "title": "Digits", "resources": {"memory": "1 GiB"}})
    assert project.target == Target("m", "predict")
    assert project.artifact_path == "model.pkl"
    assert project.requirements == "numpy>=2\n"
    assert (project.python, project.card.title, project.resources.memory_bytes) == ("3.12", "Digits", 1024**3)
    assert project.notes == ()
    kept = project.to_json()
    assert kept.pop("weights")["label"] == "unreadable"
    assert kept == {
        "target": {"module": "m", "class": None, "function": "predict"},
        "framework": None,
        "operation": None,
        "is_described": True,
        "batch": None,
        "artifact": "model.pkl",
        "requirements": "numpy>=2\n",
        "python": "3.12",
        "system_packages": [],
        "resources": {"memory_bytes": 1024**3},
        "notes": [],
    }


def test_commit_reads_back_as_the_same_project(push, tmp_path):
    card = {"title": "T", "description": "d", "tags": ["x"], "purpose": "p\nq", "example": {"a": 1}}
    project = push(config={**CONFIG, "python": "3.12", "system_packages": ["libgomp1"], "card": card})
    tree = service.write_commit_tree(project, tmp_path / "tree")
    assert files_of(tree) == {"m.py", "pkg/data.txt", "model.pkl", "modelyard.yaml", "requirements.txt", "README.md"}
    again = service.read_directory(tree)
    assert again.to_json() == project.to_json()
    assert again.card == project.card
    assert again.artifact is not None
    assert again.artifact.read_bytes() == b"\x80"
    second = service.write_commit_tree(again, tmp_path / "second")
    assert {f: (second / f).read_bytes() for f in files_of(second)} == {
        f: (tree / f).read_bytes() for f in files_of(tree)
    }


def test_commit_keeps_the_authors_readme(push, tmp_path):
    readme = b"---\ntitle: From readme\npurpose: p\n---\nHello\n"
    project = push({**SOURCE, "README.md": readme}, {**CONFIG, "title": "From config"})
    assert (project.card.title, project.card.purpose, project.card.text) == ("From config", "p", "Hello")
    tree = service.write_commit_tree(project, tmp_path / "tree")
    assert (tree / "README.md").read_bytes() == readme
    assert service.read_directory(tree).card == project.card


def test_readme_may_be_written_in_any_case(push, tmp_path):
    project = push({**SOURCE, "ReadMe.MD": b"---\ntitle: T\n---\n"})
    assert project.card.title == "T"
    tree = service.write_commit_tree(project, tmp_path / "tree")
    assert "README.md" not in files_of(tree)
    assert service.read_directory(tree).card == project.card


def test_without_artifact_and_requirements(push, tmp_path):
    project = push(artifact=None, requirements=None)
    assert (project.artifact, project.artifact_path, project.requirements) == (None, None, "")
    tree = service.write_commit_tree(project, tmp_path / "tree")
    assert service.read_directory(tree).to_json() == project.to_json()


def test_signature_of_a_project(push):
    signature = service.read_signature(push(), default_python="3.11")
    assert list(signature.inputs["properties"]) == ["a"]
    with pytest.raises(TargetMissing):
        service.read_signature(push(config={"predict": {"module": "m", "function": "gone"}}), default_python="3.11")


def test_zipped_folder(push):
    project = push({f"digits/{path}": data for path, data in SOURCE.items()})
    assert (project.source / "m.py").is_file()


def test_zipped_package_keeps_its_folder(push):
    project = push({"pkg/__init__.py": b"", "pkg/m.py": b""}, {"predict": "pkg.m:f"})
    assert (project.source / "pkg" / "m.py").is_file()


def test_uploaded_parts_stand_over_the_zip(push, tmp_path):
    mixed = {**SOURCE, "requirements.txt": b"old", "model.pkl": b"old", "modelyard.yaml": b"old"}
    project = push(mixed)
    assert len(project.notes) == 3
    tree = service.write_commit_tree(project, tmp_path / "tree")
    assert (tree / "requirements.txt").read_text() == "numpy>=2\n"
    assert (tree / "model.pkl").read_bytes() == b"\x80"


@pytest.mark.parametrize("name", ["Requirements.TXT", "Modelyard.yaml", "MODEL.PKL", "requirements.txt/a"])
def test_names_that_collide_with_the_parts(push, name):
    with pytest.raises(PathCollision):
        push({**SOURCE, name: b"x"})


@pytest.mark.parametrize("name", ["modelyard.yaml", "requirements.txt", "README.md"])
def test_names_that_an_artifact_cannot_have(push, name):
    with pytest.raises(ConfigInvalid) as e:
        push(artifact=(name, b"x"))
    assert e.value.field == "artifact"


def test_empty_artifact(push):
    with pytest.raises(ProjectIncomplete) as e:
        push(artifact=("model.pkl", b""))
    assert e.value.field == "artifact"


def test_artifact_may_be_a_link_to_a_stored_blob(push, tmp_path):
    project = push()
    link = tmp_path / "link.pkl"
    link.symlink_to(project.artifact)
    linked = service.read_parts(
        tmp_path / "source.zip", link, tmp_path / "req", tmp_path / "config.json", workdir=tmp_path
    )
    tree = service.write_commit_tree(linked, tmp_path / "tree")
    assert not (tree / "link.pkl").is_symlink()
    assert (tree / "link.pkl").read_bytes() == b"\x80"


def test_executables_stay_executable(tmp_path):
    folder = write(tmp_path / "in", {"modelyard.yaml": b"predict: m:f", "m.py": b"", "run.sh": b""})
    (folder / "run.sh").chmod(0o700)
    tree = service.write_commit_tree(service.read_directory(folder), tmp_path / "tree")
    assert stat.S_IMODE((tree / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "m.py").stat().st_mode) == 0o644


MANIFEST = b"""
predict: m:predict
artifact: models/model.pkl
requirements: needs.txt
title: Digits
example: {a: 1}
"""


def directory(folder: Path, manifest: bytes = MANIFEST, **more: bytes) -> Path:
    files = {"modelyard.yaml": manifest, "m.py": SOURCE["m.py"], "models/model.pkl": b"\x80", "needs.txt": b"six\n"}
    return write(folder, {**files, **more})


def test_directory(tmp_path):
    project = service.read_directory(directory(tmp_path / "in"))
    assert (project.artifact_path, project.requirements) == ("models/model.pkl", "six\n")
    assert project.card.example == {"a": 1}
    tree = service.write_commit_tree(project, tmp_path / "tree")
    assert files_of(tree) == {"modelyard.yaml", "m.py", "models/model.pkl", "needs.txt"}
    assert (tree / "modelyard.yaml").read_bytes() == MANIFEST


@pytest.mark.parametrize("prefix", ["", "digits/"])
def test_archive_of_a_directory(tmp_path, prefix):
    folder = directory(tmp_path / "in")
    (tmp_path / "a.zip").write_bytes(honest({prefix + f: (folder / f).read_bytes() for f in files_of(folder)}))
    project = service.read_archive(tmp_path / "a.zip", workdir=tmp_path)
    assert project.to_json() == service.read_directory(folder).to_json()


def test_requirements_of_a_directory(tmp_path):
    inline = directory(tmp_path / "a", b"predict: m:f\nrequirements: [numpy, 'six>=1']\n")
    assert service.read_directory(inline).requirements == "numpy\nsix>=1\n"
    default = directory(tmp_path / "b", b"predict: m:f\n", **{"requirements.txt": b"six"})
    assert service.read_directory(default).requirements == "six\n"
    assert service.read_directory(directory(tmp_path / "c", b"predict: m:f\n")).requirements == ""


def test_cloned_repository_leaves_git_out(tmp_path):
    folder = directory(tmp_path / "in", **{".git/config": b"x", "__pycache__/m.pyc": b"x"})
    tree = service.write_commit_tree(service.read_directory(folder), tmp_path / "tree")
    assert not any(path.startswith((".git/", "__pycache__")) for path in files_of(tree))


@pytest.mark.parametrize(
    ("manifest", "error", "field"),
    [
        (b"predict: m:f\nartifact: gone.pkl", ProjectIncomplete, "/artifact"),
        (b"predict: m:f\nartifact: models", ProjectIncomplete, "/artifact"),
        (b"predict: m:f\nartifact: ../../etc/passwd", ConfigInvalid, "/artifact"),
        (b"predict: m:f\nartifact: /etc/passwd", ConfigInvalid, "/artifact"),
        (b"predict: m:f\nartifact: ''", ConfigInvalid, "/artifact"),
        (b'predict: m:f\nartifact: "a\\nb"', ConfigInvalid, "/artifact"),
        (b"predict: m:f\nrequirements: gone.txt", ProjectIncomplete, "/requirements"),
        (b"predict: m:f\nrequirements: ../needs.txt", ConfigInvalid, "/requirements"),
        (b"predict: m:f\nrequirements: ['-r needs.txt']", ModelyardError, "requirements"),
        (b"predict: m:f\nrequirements: 3", ConfigInvalid, "/requirements"),
        (b"predict: [", ConfigInvalid, None),
        (b"", ConfigInvalid, None),
    ],
)
def test_directory_refused(tmp_path, manifest, error, field):
    with pytest.raises(error) as e:
        service.read_directory(directory(tmp_path / "in", manifest))
    assert e.value.field == field


def test_missing_manifest(tmp_path):
    with pytest.raises(ProjectIncomplete) as e:
        service.read_directory(write(tmp_path / "in", {"modelyard.yml": b"predict: m:f"}))
    assert "Rename modelyard.yml" in e.value.remedy


def test_links_and_special_files_are_refused(tmp_path):
    folder = directory(tmp_path / "in")
    (folder / "l").symlink_to("/etc/passwd")
    with pytest.raises(LinkRefused):
        service.read_directory(folder)
    (folder / "l").unlink()
    (folder / "d").symlink_to("/etc")
    with pytest.raises(LinkRefused):
        service.read_directory(folder)
    (folder / "d").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(LinkRefused):
        service.read_directory(folder)


def test_names_in_a_directory_are_checked(tmp_path):
    with pytest.raises(PathUnsafe):
        service.read_directory(directory(tmp_path / "a", **{"a\nb": b""}))
    with pytest.raises(PathCollision):
        service.read_directory(directory(tmp_path / "b", **{"a/x": b"", "A/y": b""}))


def test_full_disk_is_said(push, tmp_path, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    pushed = push()
    monkeypatch.setattr(committing.shutil, "copyfile", no_space)
    with pytest.raises(StorageFull):
        service.write_commit_tree(pushed, tmp_path / "tree")


def test_nothing_is_left_outside_the_workdir(push, tmp_path):
    before = {p.name for p in tmp_path.parent.iterdir()}
    push()
    assert {p.name for p in tmp_path.parent.iterdir()} == before
