"""What a container may not do, for engines that promise at least ``Isolation.CHROOT``."""

import socket
import time
from pathlib import Path

import pytest

from contracts.engine import EngineContract
from contracts.engine_bench import DEADLINE, MIB, Bench, until
from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import Isolation, Limits, Mount, State


class ConfinementContract(EngineContract):
    """What a container can and cannot reach, for engines at ``chroot`` or better."""

    def test_the_root_is_the_image(self, bench: Bench) -> None:
        _, log = bench.run("cat /etc/motd; ls /; echo; ls -d /home /usr /root 2>&1")
        assert log.startswith("hello from a layer\n")
        assert "No such file" in log

    def test_the_root_cannot_be_written(self, bench: Bench) -> None:
        places = "/x /etc/motd /bin/busybox $PWD/x /dev/x"
        _, log = bench.run(f"for f in {places}; do echo hi >> $f && echo wrote $f; done")
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

    def test_memory_is_counted_for_as_long_as_it_is_held(self, bench: Bench) -> None:
        """200 MB for two seconds, or as much longer as the machine takes."""
        begun = time.monotonic()
        hold = "{ head -c 200000000 /dev/zero; sleep 2; } | tail -c 199999999 | wc -c"
        container = bench.start(hold)
        middle = bench.engine.wait(container.name, timeout=1.2).usage.memory_byte_seconds
        ended = bench.wait(container.name)
        most = time.monotonic() - begun
        assert ended.usage.memory_byte_seconds is not None
        assert 0.75 * 2 * 200e6 < ended.usage.memory_byte_seconds < 1.5 * most * 200e6
        assert middle is None or middle < ended.usage.memory_byte_seconds

    def own(self, folder: Path) -> None:
        """Gives what a test made to the user as whom the engine runs, where that is another."""

    def test_the_isolation_is_what_this_contract_is_for(self, bench: Bench) -> None:
        assert bench.engine.isolation is not Isolation.NONE


class LoopbackContract:
    """For engines at ``namespaces`` that write ``/etc/hosts`` themselves: images leave that to their engine."""

    def test_localhost_is_the_container_itself(self, bench: Bench) -> None:
        script = "(echo hello | nc -l -p 7777 &); until nc localhost 7777 2>/dev/null; do sleep 0.1; done"
        assert bench.run(script)[1] == "hello\n"
