"""What every engine must do. Subclass in the adapter's tests and override ``open_engine``.

It holds for everything that executes, the fake included; ``engine_confinement`` adds what a container may not do.
Nothing here knows an engine's own words.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.engine_bench import DEADLINE, Bench
from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineRefused
from modelyard.rooms.runs.ports import Engine, Image, Limits, State


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
        assert ended.usage.memory_byte_seconds is None or ended.usage.memory_byte_seconds >= 0
        assert ended.usage.gpu_seconds is None or ended.usage.gpu_seconds >= 0

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
        (settled,) = other.list({"bench": bench.tag})
        assert settled == replace(ended, usage=settled.usage)
        # An engine may know only what it saw being used.
        used, was = asdict(settled.usage), asdict(ended.usage)
        assert all(value in (None, was[kind]) for kind, value in used.items())
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
