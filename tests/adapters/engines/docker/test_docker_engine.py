"""The Docker engine, on a real one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from contracts.engine_bench import Bench
from contracts.engine_confinement import ConfinementContract
from contracts.engine_images import busybox_image, busybox_layer, file, layer, make_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.docker import DockerEngine
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineRefused, EngineUnavailable
from modelyard.rooms.runs.ports import ContainerSpec, Image, Isolation, Limits, Mount, State, Usage
from support import session
from support.waiting import until

NOBODY = 65534
MIB = 1024**2
Open = Callable[..., DockerEngine]


class RecordingBlobs(LocalFolderBlobs):
    """A store that remembers what was read from it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read: list[str] = []

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.read.append(digest)
        return super().open(digest, offset=offset, length=length)


@pytest.fixture
def blobs(tmp_path: Path) -> RecordingBlobs:
    return RecordingBlobs(tmp_path / "blobs")


@pytest.fixture
def open_engine(blobs: BlobStore, tmp_path: Path, docker_url: str) -> Iterator[Open]:
    """Engines in a namespace that is this test's own; its containers and images are removed at the end."""
    namespace = f"t{os.getpid()}-{abs(hash(tmp_path)) % 10**8}"
    opened: list[DockerEngine] = []

    def open_it(**options: Any) -> DockerEngine:
        options = {"url": docker_url, "network": "host", "namespace": namespace} | options
        opened.append(DockerEngine(blobs, tmp_path / "state", **options))
        return opened[-1]

    yield open_it
    for engine in opened:
        if engine.connection.url == docker_url:
            for container in engine.list():
                engine.remove(container.name)
            engine.evict(keep_bytes=0)


@pytest.fixture
def raw(docker_url: str) -> docker.APIClient:
    """The engine's own interface, to see what was really made."""
    return docker.APIClient(docker_url)


@pytest.fixture
def bench(open_engine: Open, blobs: BlobStore) -> Iterator[Bench]:
    bench = Bench(open_engine(), busybox_image(blobs))
    yield bench
    bench.close()


class TestDockerEngine(ConfinementContract):
    shares_host_network = True  # the private engine has no bridge

    @pytest.fixture
    def open_engine(self, blobs: BlobStore, tmp_path: Path, docker_url: str) -> Callable[[], DockerEngine]:
        return lambda: DockerEngine(blobs, tmp_path / "state", url=docker_url, network="host")

    def test_logs_interleave_both_streams(self, bench: Bench) -> None:
        """Docker keeps the order within each stream; between them only of what is not written at once."""
        _, log = bench.run("echo one; echo two >&2; echo three; echo four >&2")
        lines = log.splitlines()
        assert sorted(lines) == ["four", "one", "three", "two"]
        assert lines.index("one") < lines.index("three")
        assert lines.index("two") < lines.index("four")


def facts(raw: docker.APIClient, engine: DockerEngine, name: str) -> dict[str, Any]:
    (found,) = raw.containers(all=True, filters={"label": f"io.modelyard.name={name}"})
    return dict(raw.inspect_container(found["Id"]))


# --- images


def test_an_image_that_shares_layers_sends_only_its_own(open_engine: Open, blobs: RecordingBlobs) -> None:
    engine = open_engine()
    base, own = busybox_layer(), layer(file("etc/motd", "second\n"))
    first = make_image(blobs, [base, layer(file("etc/motd", "first\n"))])
    second = make_image(blobs, [base, own])
    engine.create(ContainerSpec("first", first, ["true"]))
    blobs.read.clear()
    engine.create(ContainerSpec("second", second, ["cat", "/etc/motd"]))
    engine.wait("second")
    assert engine.logs("second") == b"second\n"
    assert blobs.read == [second.layers[1]]


def test_an_image_is_loaded_once(bench: Bench, blobs: RecordingBlobs) -> None:
    bench.run("true")
    blobs.read.clear()
    bench.run("true")
    assert blobs.read == []


def test_an_image_with_the_same_layer_twice_runs(bench: Bench, blobs: RecordingBlobs) -> None:
    twice = layer(file("etc/motd", "twice\n"))
    ended, log = bench.run("cat /etc/motd", image=make_image(blobs, [busybox_layer(), twice, twice]))
    assert (ended.exit_code, log) == (0, "twice\n")


def test_an_image_cannot_forge_labels_or_bring_volumes_or_health_checks(
    bench: Bench, blobs: RecordingBlobs, raw: docker.APIClient
) -> None:
    image = busybox_image(
        blobs,
        Labels={"io.modelyard.label.owner": "root", "io.modelyard.name": "x"},
        Volumes={"/data": {}},
        Healthcheck={"Test": ["CMD", "touch", "/tmp/checked"]},
    )
    container = bench.start("sleep 60", image=image)
    assert container.labels == {"bench": bench.tag}
    made = facts(raw, bench.engine, container.name)
    assert made["Mounts"] == []
    assert "Health" not in made["State"]


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "10001:0", "model", "0x0", "-1"])
def test_a_user_that_may_be_privileged_is_replaced(bench: Bench, blobs: RecordingBlobs, user: str) -> None:
    _, log = bench.run("id -u; id -g", image=busybox_image(blobs, User=user))
    assert log.split() == ["10001", "10001"]


def test_an_unprivileged_user_of_the_image_is_kept(bench: Bench, blobs: RecordingBlobs) -> None:
    _, log = bench.run("id -u; id -g", image=busybox_image(blobs, User="4242"))
    assert log.split() == ["4242", "4242"]


def test_eviction_takes_the_least_recently_used_and_never_what_is_in_use(
    open_engine: Open, blobs: RecordingBlobs, tmp_path: Path
) -> None:
    engine = open_engine()
    base = busybox_layer()
    images = [make_image(blobs, [base, layer(file("big", bytes([n]) * 1_000_000))]) for n in range(4)]
    for number, image in enumerate(images):
        engine.create(ContainerSpec(f"c{number}", image, ["sleep", "60"] if number == 0 else ["true"]))
        _set_used(tmp_path, image, at=number)
        if number:
            engine.wait(f"c{number}")
            engine.remove(f"c{number}")
    _set_used(tmp_path, images[1], at=9)
    assert engine.evict(keep_bytes=len(base) + 2_500_000) >= 2_000_000
    blobs.read.clear()
    for number in (0, 1):
        engine.create(ContainerSpec(f"again{number}", images[number], ["true"]))
    assert blobs.read == []
    engine.create(ContainerSpec("back", images[2], ["true"]))
    assert blobs.read == [images[2].layers[1]]


def _set_used(state: Path, image: Image, *, at: float) -> None:
    (mark,) = state.glob(f"state/images/{image.digest.removeprefix('sha256:')}")
    os.utime(mark, (at, at))


def test_eviction_of_all_leaves_no_image(open_engine: Open, blobs: RecordingBlobs, raw: docker.APIClient) -> None:
    engine = open_engine()
    image = busybox_image(blobs)
    engine.create(ContainerSpec("one", image, ["true"]))
    engine.wait("one")
    assert engine.evict(keep_bytes=0) == 0  # the container still refers to it
    engine.remove("one")
    assert engine.evict(keep_bytes=0) > 1_000_000
    assert not [tag for entry in raw.images() for tag in entry["RepoTags"] or [] if image.digest[7:] in tag]


# --- hardening


def test_the_container_is_made_as_strict_as_the_engine_allows(bench: Bench, raw: docker.APIClient) -> None:
    container = bench.start("sleep 60")
    host = facts(raw, bench.engine, container.name)["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] is None
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Privileged"], host["ReadonlyRootfs"], host["NetworkMode"]) == (False, True, "none")
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"], host["PidsLimit"]) == (2**31, 2**31, 10**9, 256)
    assert (host["PidMode"], host["IpcMode"], host["UTSMode"]) == ("", "private", "")


@pytest.mark.parametrize("above", [0, 1, 2])
def test_the_engines_socket_is_never_mounted(bench: Bench, docker_url: str, tmp_path: Path, above: int) -> None:
    socket = Path(docker_url.removeprefix("unix://"))
    source = [socket, *socket.parents][above]
    (tmp_path / "alias").symlink_to(source)
    for path in (source, tmp_path / "alias"):
        with pytest.raises(EngineRefused, match="socket"):
            bench.start("true", mounts=[Mount(path, "/x")])


def test_a_symbolic_link_is_mounted_as_what_it_points_to(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("real\n")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    _, log = bench.run("cat /x", mounts=[Mount(tmp_path / "alias", "/x")])
    assert log == "real\n"


def test_a_program_is_found_on_the_path_of_the_spec(bench: Bench) -> None:
    assert bench.run(command=["env"], env={"PATH": "/nowhere:/bin"})[0].exit_code == 0
    with pytest.raises(EngineRefused, match="busybox"):
        bench.start(command=["busybox"], env={"PATH": "/etc"})


def test_limits_that_the_engine_cannot_set_are_refused(bench: Bench) -> None:
    with pytest.raises(EngineRefused, match="memory"):
        bench.start("true", limits=Limits(memory_bytes=1))
    assert bench.names() == set()


def test_a_refused_second_creation_leaves_the_first_as_it_was(bench: Bench) -> None:
    container = bench.start("sleep 60")
    stopped = bench.engine.stop(container.name, grace=0)
    with pytest.raises(ContainerExists):
        bench.start("true", name=container.name)
    assert bench.engine.wait(container.name) == stopped


def test_an_ordinary_user_who_may_reach_the_engine_can_use_it(docker_url: str) -> None:
    """Not root: places for output are opened to the container's user instead of being given to it."""
    folder = session.current() / "ordinary"
    (folder / "out").mkdir(parents=True)
    for path in (folder, folder / "out"):
        os.chown(path, NOBODY, NOBODY)
    Path(docker_url.removeprefix("unix://")).chmod(0o666)
    with _as_user(NOBODY):
        blobs = LocalFolderBlobs(folder / "blobs")
        engine = DockerEngine(blobs, folder / "state", url=docker_url, namespace="ordinary")
        script = ["sh", "-c", "id -u > /out/uid; echo done"]
        mounts = [Mount(folder / "out", "/out", read_only=False)]
        engine.create(ContainerSpec("one", busybox_image(blobs), script, mounts=mounts))
        assert engine.wait("one").exit_code == 0
        assert engine.logs("one") == b"done\n"
        assert (folder / "out/uid").read_text() == "10001\n"
        engine.remove("one")
    engine.remove("one")  # as root, its control group too
    engine.evict(keep_bytes=0)


@contextmanager
def _as_user(uid: int) -> Iterator[None]:
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


# --- usage, crashes, neighbours


def test_usage_is_known_after_the_end_and_its_cgroup_goes_with_the_container(bench: Bench) -> None:
    ended, _ = bench.run("head -c 30000000 /dev/zero | tail -c 29999999 | wc -c")
    assert ended.usage.memory_peak_bytes is not None
    assert 29_000_000 < ended.usage.memory_peak_bytes < 2**31
    group = f"*/modelyard/*-{ended.name}"
    assert list(Path("/sys/fs/cgroup").glob(group))
    bench.engine.remove(ended.name)
    assert list(Path("/sys/fs/cgroup").glob(group)) == []


def test_usage_comes_from_the_engine_where_control_groups_are_out_of_reach(
    open_engine: Open, blobs: RecordingBlobs, tmp_path: Path
) -> None:
    engine = open_engine(cgroup_root=tmp_path / "none")
    script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; sleep 60"
    engine.create(ContainerSpec("one", busybox_image(blobs), ["sh", "-c", script]))
    until(lambda: engine.logs("one") == b"ready\n")
    usage = engine.wait("one", timeout=0).usage
    assert usage.cpu_seconds
    assert usage.memory_peak_bytes
    last = engine.stop("one", grace=0).usage  # as it was last seen
    assert last.cpu_seconds
    assert last.cpu_seconds >= usage.cpu_seconds
    assert open_engine(cgroup_root=tmp_path / "none").wait("one").usage == Usage(gpu_seconds=0.0)


def test_what_a_crash_left_between_create_and_start_gives_way(
    bench: Bench, raw: docker.APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run("true", name="whole")
    left = facts(raw, bench.engine, "whole")
    bench.engine.remove("whole")
    raw.create_container(
        left["Config"]["Image"], "true", name=left["Name"].lstrip("/"), labels=left["Config"]["Labels"]
    )
    assert bench.names() == set()
    with pytest.raises(ContainerMissing):  # the engine says that it ended with 0
        bench.engine.wait("whole")
    monkeypatch.setattr("modelyard.adapters.engines.docker.engine.HALF_MADE_S", 0)
    assert bench.run("echo new", name="whole")[1] == "new\n"


def test_a_start_that_breaks_off_can_be_repeated_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError

    with monkeypatch.context() as gone:
        for verb in ("start", "remove_container"):
            gone.setattr(docker.APIClient, verb, break_off)
        with pytest.raises(EngineUnavailable):
            bench.start("true", name="broken-off")
    assert bench.run("echo new", name="broken-off")[1] == "new\n"


def test_what_a_crash_left_goes_when_the_server_starts(
    open_engine: Open, blobs: RecordingBlobs, raw: docker.APIClient
) -> None:
    """A container that never started, the control group of one that is gone, a note on it; nothing else."""
    engine, neighbour = open_engine(), open_engine(namespace="neighbour")
    image = busybox_image(blobs)
    for made in (engine, neighbour):
        made.create(ContainerSpec("kept", image, ["sleep", "60"]))
        made.create(ContainerSpec("gone", image, ["sleep", "60"]))
        made.stop("gone", grace=0)
    left = facts_of(raw, engine, "gone")
    raw.remove_container(left["Id"])
    half_made = raw.create_container(left["Config"]["Image"], "true", labels=left["Config"]["Labels"])
    assert groups(engine, "gone")

    assert open_engine().clear_remains() == ["gone"]

    with pytest.raises(docker.errors.NotFound):
        raw.inspect_container(half_made["Id"])
    assert not groups(engine, "gone")
    assert groups(engine, "kept")
    assert engine.wait("kept", timeout=0).state is State.RUNNING
    assert neighbour.wait("gone", timeout=0).state is State.EXITED
    assert groups(neighbour, "gone")
    again = engine.create(ContainerSpec("gone", image, ["sh", "-c", "exit 3"]))
    assert engine.wait(again.name).reason is None
    assert open_engine().clear_remains() == []


def groups(engine: DockerEngine, name: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"*/modelyard/{engine.namespace}-{name}"))


def facts_of(raw: docker.APIClient, engine: DockerEngine, name: str) -> dict[str, Any]:
    return dict(raw.inspect_container(f"{engine.namespace}-{name}"))


def test_a_full_tmp_is_the_reason_where_the_program_says_so(bench: Bench) -> None:
    script = "dd if=/dev/zero of=/tmp/f bs=1M count=64"
    ended, log = bench.run(script, limits=Limits(disk_bytes=32 * MIB))
    assert "No space left on device" in log
    assert ended.reason == "disk full"
    assert bench.run("echo No space left on device")[0].reason is None


def test_two_namespaces_on_one_engine_do_not_meet(open_engine: Open, blobs: RecordingBlobs) -> None:
    one, other = open_engine(), open_engine(namespace="another")
    image = busybox_image(blobs)
    one.create(ContainerSpec("same", image, ["sleep", "60"], labels={"of": "one"}))
    other.create(ContainerSpec("same", image, ["sleep", "60"], labels={"of": "other"}))
    assert [c.labels["of"] for c in one.list()] == ["one"]
    one.remove("same")
    assert other.wait("same", timeout=0).state is State.RUNNING
    with pytest.raises(ContainerMissing):
        one.wait("same", timeout=0)


def test_an_engine_that_does_not_answer_is_unavailable(open_engine: Open, tmp_path: Path) -> None:
    engine = open_engine(url=f"unix://{tmp_path}/nobody")
    with pytest.raises(EngineUnavailable, match="does not answer"):
        engine.list()
    (finding,) = engine.describe()
    assert finding.level == "warning"


def test_a_runtime_of_its_own_kernel_is_a_vm_and_one_that_is_absent_is_refused(
    open_engine: Open, blobs: RecordingBlobs
) -> None:
    engine = open_engine(runtime="runsc")
    assert engine.isolation is Isolation.VM
    with pytest.raises(EngineRefused, match="runsc"):
        engine.create(ContainerSpec("one", busybox_image(blobs), ["true"]))
    assert any("runsc" in finding.what for finding in engine.describe() if finding.level == "warning")


def test_the_doctor_finds_the_private_engine_well(open_engine: Open) -> None:
    findings = open_engine().describe()
    assert "answers" in findings[0].what
    assert [finding for finding in findings if finding.level == "warning"] == []
