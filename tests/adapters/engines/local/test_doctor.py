"""What the engine says of the machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.engine_elsewhere import Elsewhere, become_nobody
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.doctor import Finding
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.adapters.engines.local.seccomp import compile_filter
from modelyard.adapters.engines.local.shim import syscalls
from modelyard.rooms.runs.errors import EngineUnavailable
from modelyard.rooms.runs.ports import ContainerSpec, Image, Isolation


def topics(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.topic: finding for finding in findings}


def test_a_machine_with_everything(tmp_path: Path) -> None:
    found = topics(list(LocalEngine(tmp_path, LocalFolderBlobs(tmp_path / "blobs")).describe()))
    assert found["isolation"].holds
    assert found["isolation"].text.startswith("Isolation level namespaces: namespaces and overlay by /")
    assert found["consequence"].holds
    assert found["disk"].holds


def test_what_is_missing_is_said_with_a_remedy(tmp_path: Path) -> None:
    blobs = LocalFolderBlobs(tmp_path / "blobs")
    engine = LocalEngine(tmp_path, blobs, level=Isolation.CHROOT, control_groups=False)
    found = topics(list(engine.describe()))
    bad = {topic for topic, finding in found.items() if not finding.holds}
    assert bad == {"isolation", "memory", "processor", "disk", "consequence"}
    assert "Delegate=yes" in found["memory"].remedy
    assert "an administrator named" in found["consequence"].text


def test_without_overlay_it_says_so(tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path, LocalFolderBlobs(tmp_path / "blobs"), overlay=False)
    assert engine.isolation is Isolation.NAMESPACES
    assert "hard links" in topics(list(engine.describe()))["overlay"].text


def test_a_bubblewrap_that_does_not_work_is_named(tmp_path: Path) -> None:
    blobs = LocalFolderBlobs(tmp_path / "blobs")
    engine = LocalEngine(tmp_path, blobs, level=Isolation.NAMESPACES, bwrap=Path("/bin/false"))
    refused = [finding for finding in engine.describe() if finding.text.startswith("Not possible")]
    assert refused
    assert all("/bin/false" in finding.text for finding in refused)
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
    texts = [finding.text for finding in engine.describe() if finding.topic == "isolation"]
    assert texts[0].startswith("Isolation level none")
    assert any("new namespace" in text for text in texts)
    assert any("only root may change the root" in text for text in texts)
