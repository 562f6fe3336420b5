"""What the engine says of the machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.engine_elsewhere import Elsewhere, become_nobody
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.adapters.engines.local.seccomp import compile_filter
from modelyard.adapters.engines.local.shim import syscalls
from modelyard.rooms.runs.errors import EngineUnavailable
from modelyard.rooms.runs.ports import ContainerSpec, DescribesItself, Image, Isolation


def said(engine: DescribesItself, level: str) -> str:
    return "\n".join(f"{finding.what} {finding.why}" for finding in engine.describe() if finding.level == level)


def test_a_machine_with_everything(tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path, LocalFolderBlobs(tmp_path / "blobs"))
    assert isinstance(engine, DescribesItself)
    assert "Isolation level namespaces: namespaces and overlay by /" in said(engine, "ok")
    assert "Code of everybody who may push can run here." in said(engine, "ok")
    assert said(engine, "warning") == ""


def test_what_is_missing_is_said_with_a_remedy(tmp_path: Path) -> None:
    blobs = LocalFolderBlobs(tmp_path / "blobs")
    engine = LocalEngine(tmp_path, blobs, level=Isolation.CHROOT, control_groups=False)
    assert "Isolation level chroot" in said(engine, "warning")
    assert "an administrator named" in said(engine, "warning")
    notices = {finding.what.split()[0]: finding for finding in engine.describe() if finding.level == "notice"}
    assert set(notices) == {"Memory", "Processor", "What"}
    assert "Delegate=yes" in notices["Memory"].remedy


def test_without_overlay_it_says_so(tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path, LocalFolderBlobs(tmp_path / "blobs"), overlay=False)
    assert engine.isolation is Isolation.NAMESPACES
    assert "hard links" in said(engine, "notice")


def test_a_bubblewrap_that_does_not_work_is_named(tmp_path: Path) -> None:
    blobs = LocalFolderBlobs(tmp_path / "blobs")
    engine = LocalEngine(tmp_path, blobs, level=Isolation.NAMESPACES, bwrap=Path("/bin/false"))
    refused = [finding for finding in engine.describe() if finding.what.startswith("Not possible")]
    assert refused
    assert all("/bin/false" in finding.what for finding in refused)
    image = Image("sha256:0", {"config": {"Cmd": ["x"]}}, ["sha256:0"])
    with pytest.raises(EngineUnavailable, match="/bin/false"):
        engine.create(ContainerSpec(name="x", image=image))
    assert engine.list() == []


def test_root_never_runs_code_as_root(tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path, LocalFolderBlobs(tmp_path / "blobs"), level=Isolation.NONE)
    image = Image("sha256:0", {"config": {"Cmd": ["x"]}}, ["sha256:0"])
    with pytest.raises(EngineUnavailable, match="rights of root"):
        engine.create(ContainerSpec(name="x", image=image))


@pytest.fixture
def forbidden() -> Iterator[Elsewhere]:
    def prepare() -> None:
        syscalls.forbid_new_privileges()
        syscalls.install_filter(compile_filter())
        become_nobody()

    elsewhere = Elsewhere(prepare, uid=65534)
    yield elsewhere
    elsewhere.close()


def test_an_ordinary_user_without_namespaces_learns_why(forbidden: Elsewhere) -> None:
    engine = forbidden.engine(forbidden.folder(), LocalFolderBlobs(forbidden.folder()))
    assert "Isolation level none" in said(engine, "warning")
    assert "new namespace" in said(engine, "notice")
    assert "Only root may change the root." in said(engine, "notice")
