"""What every engine must do. Subclass in the adapter's tests and override ``open_engine``.

``EngineContract`` holds for everything that executes, the fake included; ``ConfinementContract`` adds what a container
may not do, for engines that promise at least ``Isolation.CHROOT``. Nothing here knows an engine's own words.
"""

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineRefused
from modelyard.rooms.runs.ports import Container, ContainerSpec, Engine, Image, Isolation, Limits, Mount, State

T = TypeVar("T")

MIB = 1024**2
DEADLINE = 60.0
"""Seconds after which a wait in a test counts as failed; nothing normally takes a second."""


class Bench:
    """An engine with an image on it and a way to start scripts; removes what it made."""

    def __init__(self, engine: Engine, image: Image) -> None:
        self.engine = engine
        self.image = image
        self.tag = secrets.token_hex(4)

    def spec(self, script: str | None = None, **fields: Any) -> ContainerSpec:
        """A spec of its own name that runs ``script`` in the image's shell; without one, the image's command."""
        fields.setdefault("name", f"t-{self.tag}-{secrets.token_hex(4)}")
        fields.setdefault("image", self.image)
        fields.setdefault("command", None if script is None else ["/bin/sh", "-c", script])
        fields["labels"] = {"bench": self.tag, **fields.get("labels", {})}
        return ContainerSpec(**fields)

    def start(self, script: str | None = None, **fields: Any) -> Container:
        return self.engine.create(self.spec(script, **fields))

    def run(self, script: str | None = None, **fields: Any) -> tuple[Container, str]:
        """Runs to the end; returns the container and its whole log."""
        ended = self.wait(self.start(script, **fields).name)
        return ended, self.engine.logs(ended.name).decode(errors="replace")

    def wait(self, name: str) -> Container:
        ended = self.engine.wait(name, timeout=DEADLINE)
        assert ended.state is State.EXITED, f"{name} still runs; log: {self.engine.logs(name)!r}"
        return ended

    def wait_for_log(self, name: str, text: str) -> str:
        return until(lambda: log if text in (log := self.engine.logs(name).decode()) else None)

    def names(self, **labels: str) -> set[str]:
        return {container.name for container in self.engine.list({"bench": self.tag, **labels})}

    def close(self) -> None:
        for container in self.engine.list({"bench": self.tag}):
            self.engine.remove(container.name)


def until(probe: Callable[[], T | None]) -> T:
    """The first value of ``probe`` that is true; fails after ``DEADLINE``."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if value := probe():
            return value
        time.sleep(0.01)
    raise AssertionError("the condition did not come true in time")


class EngineContract:
    """The verbs: lifecycle, exit status, logs, labels, errors, and adoption by another engine object."""

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return LocalFolderBlobs(tmp_path / "blobs")

    @pytest.fixture
    def image(self, blobs: BlobStore) -> Image:
        return busybox_image(blobs, Entrypoint=["/bin/echo", "default"], Cmd=["command"])

    @pytest.fixture
    def open_engine(self) -> Callable[[], Engine]:
        """Opens the engine; a second call opens the same one again, as a restarted server would."""
        raise NotImplementedError("the subclass gives the engine")

    @pytest.fixture
    def engine(self, open_engine: Callable[[], Engine]) -> Engine:
        return open_engine()

    @pytest.fixture
    def bench(self, engine: Engine, image: Image) -> Iterator[Bench]:
        bench = Bench(engine, image)
        yield bench
        bench.close()

    # --- a container from start to end

    def test_create_returns_a_started_container(self, bench: Bench) -> None:
        container = bench.start("sleep 60", labels={"run": "7"})
        assert container.state is State.RUNNING
        assert container.exit_code is None
        assert container.labels == {"bench": bench.tag, "run": "7"}
        assert container.isolation is bench.engine.isolation
        assert abs(datetime.now(UTC) - container.started_at) < timedelta(minutes=5)

    def test_the_image_gives_command_environment_and_folder(self, bench: Bench) -> None:
        ended, log = bench.run()
        assert (ended.exit_code, log) == (0, "default command\n")
        _, log = bench.run("echo $HOME $GREETING; pwd; cat /etc/motd", env={"GREETING": "hi there"})
        assert log.splitlines()[0].endswith(" hi there")
        assert log.splitlines()[1].endswith("/work")

    def test_the_spec_overrides_the_environment_of_the_image(self, bench: Bench) -> None:
        _, log = bench.run("echo $HOME", env={"HOME": "/elsewhere"})
        assert log == "/elsewhere\n"

    @pytest.mark.parametrize(
        ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("exit 137", 137), ("kill -9 $$", 137), ("kill -15 $$", 143)]
    )
    def test_exit_codes_are_those_of_the_command(self, bench: Bench, script: str, code: int) -> None:
        ended, _ = bench.run(script)
        assert ended.exit_code == code
        assert ended.reason is None

    def test_wait_gives_up_after_its_timeout(self, bench: Bench) -> None:
        container = bench.start("sleep 60")
        assert bench.engine.wait(container.name, timeout=0.05).state is State.RUNNING
        assert bench.engine.wait(container.name, timeout=0).state is State.RUNNING

    def test_wait_after_the_end_returns_at_once(self, bench: Bench) -> None:
        ended, _ = bench.run("exit 4")
        assert bench.engine.wait(ended.name) == bench.engine.wait(ended.name, timeout=0)

    def test_usage_is_known_or_none_and_never_negative(self, bench: Bench) -> None:
        ended, _ = bench.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
        assert ended.usage.cpu_seconds is None or 0 < ended.usage.cpu_seconds < DEADLINE
        assert ended.usage.memory_peak_bytes is None or ended.usage.memory_peak_bytes > 0

    # --- logs

    def test_logs_interleave_both_streams(self, bench: Bench) -> None:
        _, log = bench.run("echo one; echo two >&2; echo three; echo four >&2")
        assert log == "one\ntwo\nthree\nfour\n"

    def test_logs_can_be_read_in_parts(self, bench: Bench) -> None:
        ended, _ = bench.run("printf 0123456789")
        assert bench.engine.logs(ended.name, offset=3) == b"3456789"
        assert bench.engine.logs(ended.name, offset=3, limit=4) == b"3456"
        assert bench.engine.logs(ended.name, offset=10) == b""
        assert bench.engine.logs(ended.name, offset=99) == b""

    def test_logs_keep_bytes_that_are_no_text(self, bench: Bench) -> None:
        ended, _ = bench.run(r"printf '\000\377\n\001'")
        assert bench.engine.logs(ended.name) == b"\x00\xff\n\x01"

    def test_logs_are_there_while_it_runs(self, bench: Bench) -> None:
        container = bench.start("echo ready; sleep 60")
        assert bench.wait_for_log(container.name, "ready") == "ready\n"

    def test_a_last_word_before_the_end_is_kept(self, bench: Bench) -> None:
        _, log = bench.run("seq 1 20000; echo last")
        assert log.endswith("\n20000\nlast\n")

    def test_the_log_is_bounded_and_says_so(self, bench: Bench) -> None:
        ended, log = bench.run("yes 0123456789 | head -c 3000000; exit 5", limits=Limits(log_bytes=100_000))
        assert ended.exit_code == 5
        assert len(log) < 110_000

    # --- stop and remove

    def test_stop_lets_it_finish(self, bench: Bench) -> None:
        container = bench.start("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
        bench.wait_for_log(container.name, "ready")
        stopped = bench.engine.stop(container.name, grace=DEADLINE)
        assert (stopped.state, stopped.exit_code, stopped.reason) == (State.EXITED, 7, "stopped")
        assert bench.engine.logs(container.name).endswith(b"bye\n")

    def test_stop_kills_what_will_not_finish(self, bench: Bench) -> None:
        container = bench.start("trap '' TERM; echo ready; while :; do sleep 0.05; done")
        bench.wait_for_log(container.name, "ready")
        stopped = bench.engine.stop(container.name, grace=0.2)
        assert (stopped.state, stopped.exit_code, stopped.reason) == (State.EXITED, 137, "stopped")

    def test_stop_after_the_end_changes_nothing(self, bench: Bench) -> None:
        ended, _ = bench.run("exit 3")
        assert bench.engine.stop(ended.name) == ended

    def test_nothing_outlives_a_container(self, bench: Bench) -> None:
        """Children in sessions of their own die with it, whether it is stopped or ends by itself."""
        child = "setsid sh -c 'trap \"\" TERM HUP; while :; do echo tick; sleep 0.02; done' &"
        stopped = bench.start(f"{child} sleep 60")
        bench.wait_for_log(stopped.name, "tick")
        bench.engine.stop(stopped.name, grace=0)
        ended, _ = bench.run(f"{child} sleep 0.2; exit 0")
        for name in (stopped.name, ended.name):
            before = bench.engine.logs(name)
            time.sleep(0.2)  # ten ticks of a survivor
            assert bench.engine.logs(name) == before

    def test_remove_leaves_nothing(self, bench: Bench) -> None:
        container = bench.start("sleep 60")
        bench.engine.remove(container.name)
        assert bench.names() == set()
        with pytest.raises(ContainerMissing):
            bench.engine.logs(container.name)
        assert bench.start("exit 0", name=container.name).name == container.name

    def test_remove_of_an_unknown_name_is_no_error(self, bench: Bench) -> None:
        bench.engine.remove("nobody")

    # --- errors

    def test_unknown_names_are_missing(self, bench: Bench) -> None:
        for verb in (bench.engine.wait, bench.engine.logs, bench.engine.stop):
            with pytest.raises(ContainerMissing):
                verb("nobody")

    def test_a_name_is_taken_once(self, bench: Bench) -> None:
        container = bench.start("sleep 60")
        with pytest.raises(ContainerExists):
            bench.start("sleep 60", name=container.name)
        bench.engine.stop(container.name, grace=0)
        with pytest.raises(ContainerExists):
            bench.start("sleep 60", name=container.name)

    @pytest.mark.parametrize("name", ["", "Upper", "../up", "a/b", "-dash", "a" * 64, ".hidden", "a\n"])
    def test_names_outside_the_grammar_are_refused(self, bench: Bench, name: str) -> None:
        with pytest.raises(EngineRefused):
            bench.start("exit 0", name=name)

    def test_a_missing_command_is_refused_and_leaves_nothing(self, bench: Bench) -> None:
        with pytest.raises(EngineRefused) as refused:
            bench.start(command=["/bin/no-such-program"])
        assert "no-such-program" in refused.value.detail
        assert bench.names() == set()

    def test_a_missing_layer_is_refused(self, bench: Bench) -> None:
        image = Image("sha256:" + "1" * 64, bench.image.config, [*bench.image.layers, "sha256:" + "0" * 64])
        with pytest.raises(EngineRefused):
            bench.start("exit 0", image=image)
        assert bench.names() == set()

    # --- lists, adoption, concurrency

    def test_list_selects_by_every_label(self, bench: Bench) -> None:
        first = bench.start("sleep 60", labels={"kind": "run", "owner": "ada"})
        second, _ = bench.run("exit 0", labels={"kind": "run", "owner": "bob"})
        assert bench.names() == {first.name, second.name}
        assert bench.names(kind="run", owner="bob") == {second.name}
        assert bench.names(kind="deployment") == set()

    def test_another_engine_object_adopts_what_runs(self, bench: Bench, open_engine: Callable[[], Engine]) -> None:
        container = bench.start("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done", labels={"run": "1"})
        bench.wait_for_log(container.name, "ready")
        other = open_engine()
        (adopted,) = other.list({"bench": bench.tag})
        assert (adopted.name, adopted.state, adopted.labels) == (container.name, State.RUNNING, container.labels)
        assert adopted.started_at == container.started_at
        assert other.stop(container.name, grace=DEADLINE).exit_code == 9
        assert bench.engine.wait(container.name, timeout=DEADLINE).exit_code == 9

    def test_what_ended_meanwhile_is_settled(self, bench: Bench, open_engine: Callable[[], Engine]) -> None:
        ended, log = bench.run("echo words; exit 6")
        other = open_engine()
        assert other.list({"bench": bench.tag}) == [ended]
        assert other.logs(ended.name).decode() == log

    def test_many_can_start_at_once(self, bench: Bench) -> None:
        with ThreadPoolExecutor(6) as pool:
            results = list(pool.map(lambda number: bench.run(f"echo {number}"), range(6)))
        assert [log for _, log in results] == [f"{number}\n" for number in range(6)]

    def test_of_many_with_one_name_one_starts(self, bench: Bench) -> None:
        barrier = threading.Barrier(4)

        def start(_: int) -> bool:
            barrier.wait()
            with contextlib.suppress(ContainerExists):
                bench.start("sleep 60", name=f"same-{bench.tag}")
                return True
            return False

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(start, range(4))) == 1


class ConfinementContract(EngineContract):
    """What a container can and cannot reach, for engines at ``chroot`` or better."""

    def test_the_root_is_the_image(self, bench: Bench) -> None:
        _, log = bench.run("cat /etc/motd; ls /; echo; ls -d /home /usr /root 2>&1")
        assert log.startswith("hello from a layer\n")
        assert "No such file" in log

    def test_the_root_cannot_be_written(self, bench: Bench) -> None:
        _, log = bench.run("for f in /x /etc/motd /bin/busybox /work/x /dev/x; do echo hi >> $f && echo wrote $f; done")
        assert "wrote" not in log
        _, log = bench.run("cat /etc/motd")
        assert log == "hello from a layer\n"

    def test_tmp_is_writable_and_private(self, bench: Bench) -> None:
        first = bench.start("echo secret > /tmp/x && chmod 666 /tmp/x && echo ready; sleep 60")
        bench.wait_for_log(first.name, "ready")
        _, log = bench.run("ls -A /tmp; ls /dev/shm; echo free > /tmp/y && cat /tmp/y")
        assert log == "free\n"

    def test_the_user_is_nobody_special(self, bench: Bench) -> None:
        _, log = bench.run(
            "exec 2>&1; id -u; id -G; mknod /tmp/n b 1 1; chroot / true; chown 0 /tmp; mount -t tmpfs t /work"
        )
        uid, groups, *complaints = log.splitlines()
        assert int(uid) != 0
        assert "0" not in groups.split()
        assert len(complaints) == 4

    def test_no_privilege_can_be_gained(self, bench: Bench) -> None:
        _, log = bench.run("[ -r /proc/self/status ] && grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
        for line in log.splitlines():
            key, value = line.split(":\t")
            assert value == {"NoNewPrivs": "1", "Seccomp": "2"}.get(key, "0" * 16), line

    def test_standard_devices_work(self, bench: Bench) -> None:
        _, log = bench.run("echo x > /dev/null; for d in zero urandom random; do head -c 4 /dev/$d | wc -c; done")
        assert log.split() == ["4", "4", "4"]

    def test_nothing_of_the_host_leaks_in(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST_SECRET", "hunter2")
        _, log = bench.run("env; ls /proc/self/fd 2>/dev/null | wc -l")
        assert "hunter2" not in log
        names = {line.split("=")[0] for line in log.splitlines()[:-1]}
        assert names <= {"PATH", "HOME", "PWD", "SHLVL", "HOSTNAME", "_", "OLDPWD"}
        assert int(log.splitlines()[-1]) <= 4  # 0, 1, 2 and the folder being listed

    def test_containers_do_not_see_each_other(self, bench: Bench) -> None:
        first = bench.start("exec sleep 61.23")
        _, log = bench.run("ps; kill -0 -1 2>&1")
        assert "61.23" not in log
        assert bench.engine.wait(first.name, timeout=0).state is State.RUNNING

    def test_read_only_mounts_can_be_read(self, bench: Bench, tmp_path: Path) -> None:
        folder = tmp_path / "in" / "deep"
        folder.mkdir(parents=True)
        (folder / "data").write_text("payload\n")
        single = tmp_path / "single"
        single.write_text("alone\n")
        mounts = [Mount(folder, "/in/put"), Mount(single, "/etc/single.txt")]
        _, log = bench.run(
            "exec 2>&1; cat /in/put/data /etc/single.txt; echo x >> /in/put/data; echo x > /in/put/new", mounts=mounts
        )
        assert log.startswith("payload\nalone\n")
        assert (folder / "data").read_text() == "payload\n"
        assert not (folder / "new").exists()

    def test_writable_mounts_are_shared_with_the_host(self, bench: Bench, tmp_path: Path) -> None:
        folder = tmp_path / "out"
        folder.mkdir()
        (folder / "before").write_text("here\n")
        self.own(folder)
        script = "cat /out/before; echo result > /out/file; echo ready; while ! [ -e /out/go ]; do sleep 0.02; done"
        container = bench.start(script, mounts=[Mount(folder, "/out", read_only=False)])
        bench.wait_for_log(container.name, "ready")
        assert (folder / "file").read_text() == "result\n"
        (folder / "go").write_text("")
        assert bench.wait(container.name).exit_code == 0
        bench.engine.remove(container.name)
        assert (folder / "file").read_text() == "result\n"
        assert folder.is_dir()
        assert not folder.is_symlink()

    def test_a_mount_without_a_source_is_refused(self, bench: Bench, tmp_path: Path) -> None:
        with pytest.raises(EngineRefused):
            bench.start("exit 0", mounts=[Mount(tmp_path / "absent", "/in")])
        with pytest.raises(EngineRefused):
            bench.start("exit 0", mounts=[Mount(tmp_path, "not/absolute")])
        assert bench.names() == set()

    def test_there_is_no_network_unless_asked_for(self, bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            connect = f"nc -w 5 127.0.0.1 {server.getsockname()[1]} < /dev/null"
            ended, _ = bench.run(connect)
            assert ended.exit_code != 0
            server.settimeout(0.1)
            with pytest.raises(TimeoutError):
                server.accept()

    # --- limits

    def test_memory_is_bounded(self, bench: Bench) -> None:
        hungry = "sleep 0.3; head -c 400000000 /dev/zero | tail -c 399999999 | wc -c; exit 0"
        ended, log = bench.run(hungry, limits=Limits(memory_bytes=64 * MIB))
        assert "399999999" not in log
        assert ended.state is State.EXITED

    def test_memory_that_ends_it_is_the_reason(self, bench: Bench) -> None:
        ended, _ = bench.run("exec tail /dev/zero", limits=Limits(memory_bytes=64 * MIB))
        assert (ended.exit_code, ended.reason) == (137, "out of memory")

    def test_processes_are_bounded(self, bench: Bench) -> None:
        script = "for i in $(seq 60); do sleep 60 & echo started; done; echo all"
        container = bench.start(script, limits=Limits(pids=20))
        until(
            lambda: (
                b"all" in bench.engine.logs(container.name) or bench.engine.wait(container.name, timeout=0).exit_code
            )
        )
        assert bench.engine.logs(container.name).count(b"started") < 60

    def test_disk_is_bounded(self, bench: Bench) -> None:
        write = "dd if=/dev/zero of=/tmp/f$i bs=1M count=8 2>/dev/null"
        script = f"for i in $(seq 40); do {write} || exit 1; sleep 0.05; done"
        ended, _ = bench.run(script, limits=Limits(disk_bytes=32 * MIB))
        assert ended.exit_code != 0

    def test_what_it_writes_to_the_hosts_folders_is_bounded(self, bench: Bench, tmp_path: Path) -> None:
        folder = tmp_path / "out"
        folder.mkdir()
        self.own(folder)
        script = "i=0; while true; do dd if=/dev/zero of=/out/$i bs=1M count=4 2>/dev/null; i=$((i+1)); sleep 0.1; done"
        limits = Limits(disk_bytes=32 * MIB)
        ended, _ = bench.run(script, mounts=[Mount(folder, "/out", read_only=False)], limits=limits)
        assert (ended.exit_code, ended.reason) == (137, "disk full")

    def test_cpu_seconds_are_counted(self, bench: Bench) -> None:
        ended, _ = bench.run("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")
        assert ended.usage.cpu_seconds is not None
        assert 0.02 < ended.usage.cpu_seconds < DEADLINE

    def own(self, folder: Path) -> None:
        """Gives what a test made to the user as whom the engine runs, where that is another."""

    def test_the_isolation_is_what_this_contract_is_for(self, bench: Bench) -> None:
        assert bench.engine.isolation is not Isolation.NONE
