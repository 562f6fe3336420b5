"""Control groups: the files of both versions, in plain folders; the kernel's own are used by the engine's contract."""

from pathlib import Path

import pytest

from modelyard.adapters.engines.local.shim import cgroups
from modelyard.adapters.engines.local.shim.cgroups import Place

MIB = 1024**2


def make(folder: Path, version: int) -> list[Place]:
    places = [Place(version, str(folder), ["cpu", "memory", "pids", "cpuacct"])]
    return cgroups.make(places, "name", memory_bytes=64 * MIB, cpus=1.5, pids=20)


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (2, {"memory.max": "67108864", "memory.swap.max": "0", "pids.max": "20", "cpu.max": "150000 100000"}),
        (
            1,
            {
                "memory.limit_in_bytes": "67108864",
                "memory.memsw.limit_in_bytes": "67108864",
                "pids.max": "20",
                "cpu.cfs_period_us": "100000",
                "cpu.cfs_quota_us": "150000",
            },
        ),
    ],
)
def test_limits_are_written_in_the_words_of_each_version(tmp_path: Path, version: int, files: dict[str, str]) -> None:
    (group,) = make(tmp_path, version)
    assert {file.name: file.read_text() for file in Path(group.folder).iterdir()} == files


def test_what_version_2_tells(tmp_path: Path) -> None:
    groups = make(tmp_path, 2)
    folder = tmp_path / "name"
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1000000\n")
    (folder / "memory.peak").write_text("4096\n")
    (folder / "memory.current").write_text("2048\n")
    (folder / "memory.events").write_text("low 0\noom 1\noom_kill 0\n")
    (folder / "pids.events").write_text("max 3\n")
    assert (cgroups.cpu_seconds(groups), cgroups.memory_peak(groups)) == (1.5, 4096)
    assert cgroups.memory_now(groups) == 2048
    assert not cgroups.out_of_memory(groups)
    assert cgroups.out_of_pids(groups)
    (folder / "memory.events").write_text("oom_kill 2\n")
    assert cgroups.out_of_memory(groups)


def test_what_version_1_tells(tmp_path: Path) -> None:
    groups = make(tmp_path, 1)
    folder = tmp_path / "name"
    (folder / "cpuacct.usage").write_text("1500000000\n")
    (folder / "memory.max_usage_in_bytes").write_text("4096\n")
    (folder / "memory.usage_in_bytes").write_text("1024\n")
    (folder / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert (cgroups.cpu_seconds(groups), cgroups.memory_peak(groups)) == (1.5, 4096)
    assert cgroups.memory_now(groups) == 1024
    assert cgroups.out_of_memory(groups)
    assert not cgroups.out_of_pids(groups)


def test_absent_controllers_tell_and_limit_nothing(tmp_path: Path) -> None:
    groups = [Place(2, str(tmp_path / "absent"), ["memory"])]
    assert cgroups.cpu_seconds(groups) is None
    assert cgroups.memory_peak(groups) is None
    assert cgroups.memory_now(groups) is None
    assert cgroups.limits_memory(groups)
    assert not cgroups.limits_pids(groups)
    assert not cgroups.limits_cpu(groups)
    assert cgroups.remove(groups)


@pytest.mark.parametrize("missing", ["", "cpu", "pids"])
def test_version_2_is_used_with_what_was_delegated(
    tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "_holds_processes", lambda parent: True)  # a plain folder does not
    controllers = [name for name in ("cpu", "memory", "pids") if name != missing]
    (tmp_path / "cgroup.controllers").write_text(" ".join(["io", *controllers]))
    place = cgroups._try_unified(str(tmp_path))
    assert place is not None
    assert place.controllers == controllers
    wanted = " ".join(f"+{name}" for name in controllers)
    assert (tmp_path / "cgroup.subtree_control").read_text() == wanted
    assert (tmp_path / "modelyard/cgroup.subtree_control").read_text() == wanted


def test_version_2_without_memory_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu pids")
    assert cgroups._try_unified(str(tmp_path)) is None
    assert not (tmp_path / "modelyard").exists()
