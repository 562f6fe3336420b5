"""The way to uv on a machine that has neither uv nor pip: the wheel that uv.lock names."""

import hashlib
import importlib.util
import platform
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def load(name: str) -> ModuleType:
    """A script as a module, by its path: scripts are no package."""
    spec = importlib.util.spec_from_file_location(f"script_{name}", SCRIPTS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path) -> dict[str, Any]:
    """What a lock file says of a uv that has a wheel for this machine."""
    wheel = tmp_path / f"uv-1.0-py3-none-manylinux_2_17_{platform.machine()}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-1.0.data/scripts/uv", "#!/bin/sh\necho uv 1.0\n")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    other = {"url": "file:///uv-1.0-py3-none-win32.whl", "hash": "sha256:0"}
    return {"version": "1.0", "wheels": [other, {"url": wheel.as_uri(), "hash": f"sha256:{digest}"}]}


def test_uv_comes_out_of_the_wheel_that_the_lock_names(tmp_path: Path, package: dict[str, Any]) -> None:
    load("bootstrap")._fetch_wheel(package, tmp_path / "bin/uv")
    assert subprocess.check_output([tmp_path / "bin/uv"], text=True) == "uv 1.0\n"


def test_a_wheel_of_another_hash_is_refused(tmp_path: Path, package: dict[str, Any]) -> None:
    package["wheels"][1]["hash"] = "sha256:" + "0" * 64
    with pytest.raises(SystemExit, match="hash"):
        load("bootstrap")._fetch_wheel(package, tmp_path / "uv")
    assert not (tmp_path / "uv").exists()


def test_the_real_lock_names_a_uv_for_the_usual_machines() -> None:
    urls = [wheel["url"] for wheel in load("bootstrap")._locked_uv()["wheels"]]
    for machine in ("x86_64", "aarch64"):
        assert [url for url in urls if "manylinux" in url and machine in url]


def test_missing_debian_packages_are_named_where_they_cannot_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = load("debian_packages")
    monkeypatch.setattr(script, "NEEDED", {"/no/such/file": "made-up", "/bin/sh": "dash"})
    monkeypatch.setattr(script.shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit, match=r"missing: made-up\. As root on Debian: apt-get install -y made-up$"):
        script.main([])


def test_make_lists_every_target() -> None:
    root = SCRIPTS.parent
    listed = subprocess.check_output(["make", "--no-print-directory", "help"], cwd=root, text=True)
    phony = next(line for line in (root / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert [line.split()[1] for line in listed.splitlines()] == phony.split()[1:]


def test_scripts_that_must_run_before_anything_is_installed_import_only_the_standard_library() -> None:
    program = "import sys; sys.path.insert(0, sys.argv[1]); import bootstrap, build_web, debian_packages"
    subprocess.run([sys.executable, "-I", "-S", "-c", program, SCRIPTS], check=True)
