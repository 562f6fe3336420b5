"""Nothing is lost, left running or left lying about, whoever is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.engine_bench import Bench, until
from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.adapters.engines.local.layers import locked
from modelyard.adapters.engines.local.shim import cgroups
from modelyard.rooms.runs.errors import ContainerMissing, EngineRefused
from modelyard.rooms.runs.ports import Container, Image, Isolation, Mount, State

LEVELS = [Isolation.NAMESPACES, Isolation.CHROOT]


@pytest.fixture
def blobs(tmp_path: Path) -> LocalFolderBlobs:
    return LocalFolderBlobs(tmp_path / "blobs")


@pytest.fixture
def image(blobs: LocalFolderBlobs) -> Image:
    return busybox_image(blobs)


@pytest.fixture(params=LEVELS)
def bench(request: pytest.FixtureRequest, tmp_path: Path, blobs: LocalFolderBlobs, image: Image) -> Iterator[Bench]:
    bench = Bench(LocalEngine(tmp_path / "engine", blobs, level=request.param), image)
    yield bench
    bench.close()


def supervisor(home: Path, container: Container) -> int:
    return json.loads((home / "engine/c" / container.name / "state.json").read_text())["supervisor"]


def processes_with(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def left_over(home: Path) -> list[str]:
    """What lies in the engine's folders beside layers and fixed files."""
    return [str(path) for folder in ("c", "u", "trash") if (home / "engine" / folder).is_dir()
            for path in (home / "engine" / folder).iterdir()]  # fmt: skip


def groups_of(name: str) -> list[Path]:
    return [path for place in cgroups.find_places() for path in Path(place.folder).glob(f"{name}-*")]


def test_a_killed_supervisor_takes_its_container_along(bench: Bench, tmp_path: Path) -> None:
    mark = f"77.{os.getpid()}{time.monotonic_ns() % 10**6}"
    container = bench.start(f"setsid sleep {mark} & sleep {mark}; exit 3")
    until(lambda: len(processes_with(mark)) >= 2)
    os.kill(supervisor(tmp_path, container), signal.SIGKILL)
    ended = bench.engine.wait(container.name, timeout=30)
    assert (ended.state, ended.exit_code, ended.reason) == (State.EXITED, 137, "its supervisor was killed")
    until(lambda: not processes_with(mark))
    assert groups_of(container.name) == []
    bench.engine.remove(container.name)
    assert left_over(tmp_path) == []


def test_a_supervisor_that_hangs_is_overcome(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.adapters.engines.local.containers._PATIENCE", 0.3)
    container = bench.start("sleep 60")
    os.kill(supervisor(tmp_path, container), signal.SIGSTOP)
    assert bench.engine.stop(container.name, grace=0).state is State.EXITED


def test_a_folder_moved_into_the_root_comes_back(tmp_path: Path, blobs: LocalFolderBlobs, image: Image) -> None:
    bench = Bench(LocalEngine(tmp_path / "engine", blobs, level=Isolation.CHROOT), image)
    folder = tmp_path / "out"
    folder.mkdir()
    container = bench.start("echo x > /out/f; echo ready; sleep 60", mounts=[Mount(folder, "/out", read_only=False)])
    bench.wait_for_log(container.name, "ready")
    os.kill(supervisor(tmp_path, container), signal.SIGKILL)
    bench.engine.remove(container.name)
    assert not folder.is_symlink()
    assert (folder / "f").read_text() == "x\n"


def test_a_folder_comes_back_when_the_start_fails(tmp_path: Path, blobs: LocalFolderBlobs, image: Image) -> None:
    bench = Bench(LocalEngine(tmp_path / "engine", blobs, level=Isolation.CHROOT), image)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "kept").write_text("")
    with pytest.raises(Exception, match="no-such-program"):
        bench.start(command=["/no-such-program"], mounts=[Mount(folder, "/out", read_only=False)])
    assert not folder.is_symlink()
    assert (folder / "kept").exists()
    assert left_over(tmp_path) == []


def test_ended_containers_leave_no_process_group_or_file(bench: Bench, tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    names = [bench.run("true")[0].name for _ in range(3)]
    for name in names:
        bench.engine.remove(name)
    assert left_over(tmp_path) == []
    assert [group for name in names for group in groups_of(name)] == []
    assert set(os.listdir("/proc/self/fd")) == before
    assert processes_with(str(tmp_path)) in ([], [os.getpid()])


def test_a_restart_of_the_machine_ends_what_ran(bench: Bench, tmp_path: Path) -> None:
    container = bench.start("sleep 60")
    os.kill(supervisor(tmp_path, container), signal.SIGKILL)
    spec = tmp_path / "engine/c" / container.name / "spec.json"
    spec.write_text(json.dumps(json.loads(spec.read_text()) | {"boot": "the one before"}))
    until(lambda: bench.engine.wait(container.name, timeout=0).state is State.EXITED)
    assert bench.engine.wait(container.name).reason == "the machine was restarted"


SERVER = """
import sys
sys.path[:0] = sys.argv[4:]
from pathlib import Path
from contracts.engine_bench import Bench
from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.runs.ports import Isolation
home, level, tag = sys.argv[1:4]
blobs = LocalFolderBlobs(Path(home) / "blobs")
bench = Bench(LocalEngine(Path(home) / "engine", blobs, level=Isolation(level)), busybox_image(blobs))
print("open", flush=True)
number = 0
while True:
    number += 1
    bench.start("sleep 300", name=f"{tag}-{number}", labels={"tag": tag})
"""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("moment", [0.01, 0.03, 0.06, 0.1])
def test_a_server_killed_while_starting_containers(tmp_path: Path, level: Isolation, moment: float) -> None:
    """Whatever it was doing, afterwards each name is a container that runs, or nothing at all."""
    tag = f"k{os.getpid()}{time.monotonic_ns() % 10**6}"
    paths = [path for path in sys.path if path]
    command = [sys.executable, "-c", SERVER, str(tmp_path), level.value, tag, *paths]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"open\n"
        time.sleep(moment)  # the moment is the point
        server.kill()
    engine = LocalEngine(tmp_path / "engine", LocalFolderBlobs(tmp_path / "blobs"), level=level)
    until(lambda: len(engine.list()) == len(os.listdir(tmp_path / "engine/c")))
    for container in engine.list({"tag": tag}):
        assert container.state is State.RUNNING
        engine.remove(container.name)
    again = LocalEngine(tmp_path / "engine", LocalFolderBlobs(tmp_path / "blobs"), level=level)
    assert again.list() == []
    assert left_over(tmp_path) == []
    assert not [path for place in cgroups.find_places() for path in Path(place.folder).glob(f"{tag}-*")]


def test_removal_goes_on_where_it_was_interrupted(bench: Bench, tmp_path: Path, blobs: LocalFolderBlobs) -> None:
    ended, _ = bench.run("true")
    home = tmp_path / "engine/c"
    (home / ended.name).rename(home / ".gone-x")
    (home / ".new-y").mkdir()
    other = LocalEngine(tmp_path / "engine", blobs, level=bench.engine.isolation)
    assert left_over(tmp_path) == []
    with pytest.raises(ContainerMissing):
        other.wait(ended.name)


def test_a_server_with_a_narrow_umask_serves_all_the_same(bench: Bench, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        given = tmp_path / "given"
        given.mkdir(mode=0o755)
        given.chmod(0o755)
        mounts = [Mount(given, "/new/place")]
        ended, log = bench.run("cat /etc/motd; ls -d /new/place; echo x > /tmp/y", mounts=mounts)
    finally:
        os.umask(old)
    assert (ended.exit_code, log) == (0, "hello from a layer\n/new/place\n")


def test_what_others_may_not_read_is_refused(tmp_path: Path, blobs: LocalFolderBlobs, image: Image) -> None:
    bench = Bench(LocalEngine(tmp_path / "engine", blobs, level=Isolation.NAMESPACES), image)
    (tmp_path / "private").mkdir(mode=0o700)
    with pytest.raises(EngineRefused, match="its owner only"):
        bench.start("true", mounts=[Mount(tmp_path / "private", "/in")])
    assert left_over(tmp_path) == []


def test_layers_of_running_containers_are_not_evicted(bench: Bench) -> None:
    container = bench.start("while :; do cat /etc/motd; sleep 0.02; done")
    engine = bench.engine
    assert isinstance(engine, LocalEngine)
    assert engine.evict(keep_bytes=0) == 0
    seen = len(bench.wait_for_log(container.name, "hello"))
    until(lambda: len(engine.logs(container.name)) > seen)
    engine.stop(container.name, grace=0)
    assert engine.evict(keep_bytes=0) > 10**6
    assert bench.run("cat /etc/motd")[1] == "hello from a layer\n"


def test_what_a_server_left_that_was_killed_while_it_opened_the_engine(tmp_path: Path, blobs: LocalFolderBlobs) -> None:
    root = tmp_path / "engine"
    LocalEngine(root, blobs, level=Isolation.CHROOT)
    trial, draft = root / ".try-left", root / ".filter-0123.left"
    (trial / "c").mkdir(parents=True)
    draft.touch()
    with locked(root / "lock" / "try", shared=True):  # as somebody who is opening it now
        LocalEngine(root, blobs, level=Isolation.CHROOT)
        assert trial.exists()
        assert draft.exists()
    LocalEngine(root, blobs, level=Isolation.CHROOT)
    assert list(root.glob(".*")) == []
