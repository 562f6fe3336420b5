"""The pure parts of the Docker engine."""

import functools
import queue
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from docker.errors import APIError
from hypothesis import given
from hypothesis import strategies as st

from modelyard.adapters.engines.docker.cgroups import CgroupTree
from modelyard.adapters.engines.docker.connection import insist
from modelyard.adapters.engines.docker.inspection import parse_time
from modelyard.adapters.engines.docker.logs import Logs, bounded_log, cut_log
from modelyard.adapters.engines.docker.memory import HeldMemory
from modelyard.rooms.runs.ports import Usage
from support.waiting import until


@given(
    chunks=st.lists(st.binary(max_size=9)),
    bound=st.integers(0, 50),
    offset=st.integers(0, 60),
    limit=st.integers(1, 60),
)
def test_a_part_of_a_log_is_that_part_of_the_whole_kept(
    chunks: list[bytes], bound: int, offset: int, limit: int
) -> None:
    whole = b"".join(bounded_log(chunks, bound))
    assert cut_log(bounded_log(chunks, bound), offset=offset, limit=limit) == whole[offset : offset + limit]
    written = b"".join(chunks)
    assert whole[:bound] == written[:bound]
    assert (len(whole) > len(written[:bound])) == (len(written) > bound)


def test_a_log_that_is_read_on_is_opened_once_and_followed() -> None:
    opened: list[bool] = []
    pieces: queue.Queue[bytes] = queue.Queue()

    def open_log(follow: bool) -> Iterator[bytes]:
        opened.append(follow)
        return iter(pieces.get, b"") if follow else iter([b"one\n"])

    logs, seen = Logs(), b""

    def read_on() -> bytes:
        nonlocal seen
        seen += logs.read("c", open_log, running=True, offset=len(seen), limit=3)
        return seen

    assert read_on() == b"one"
    for piece in (b"on", b"e\ntw", b"o\n", b"three\n"):  # what is followed comes from the start
        pieces.put(piece)
    until(lambda: read_on() == b"one\ntwo\nthree\n", seconds=10, what="all that was written")
    for piece in (b"last words", b""):
        pieces.put(piece)
    assert logs.read("c", open_log, running=False, offset=len(seen), limit=4) == b"last"
    assert logs.read("c", open_log, running=False, offset=len(seen) + 4, limit=99) == b" words"
    assert logs.read("c", open_log, running=False, offset=len(seen) + 10, limit=99) == b""
    assert opened == [False, True]
    assert logs.read("c", open_log, running=False, offset=1, limit=2) == b"ne"


def test_a_log_that_cannot_be_followed_is_read_from_its_start() -> None:
    def open_log(follow: bool) -> Iterator[bytes]:
        if follow:
            raise ConnectionError("the engine was restarted")
        return iter([b"one\n", b"two\n"])

    logs = Logs()
    assert logs.read("c", open_log, running=True, offset=0, limit=4) == b"one\n"
    read = functools.partial(logs.read, "c", open_log, running=True, offset=4, limit=9)
    until(lambda: read() == b"two\n", seconds=10, what="the rest")


@pytest.mark.parametrize(("status", "asked"), [(500, 2), (400, 1)])
def test_what_an_engine_refuses_for_its_own_sake_is_asked_twice(
    monkeypatch: pytest.MonkeyPatch, status: int, asked: int
) -> None:
    monkeypatch.setattr("modelyard.adapters.engines.docker.connection.AGAIN_S", 0)
    answer = requests.Response()
    answer.status_code = status
    refused: list[int] = []

    def ask() -> None:
        refused.append(status)
        raise APIError("no", response=answer)

    with pytest.raises(APIError):
        insist(ask)
    assert len(refused) == asked


def test_a_time_of_the_engine_keeps_its_microseconds() -> None:
    assert parse_time("2026-11-21T08:29:45.176927003Z").isoformat() == "2026-11-21T08:29:45.176927+00:00"
    assert parse_time("2026-11-21T08:29:45Z").isoformat() == "2026-11-21T08:29:45+00:00"


def test_usage_in_one_tree(tmp_path: Path) -> None:
    group = tmp_path / "modelyard/web-c1"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n")
    (group / "memory.peak").write_text("4096\n")
    (group / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    (group / "pids.events").write_text("max 0\n")
    tree = CgroupTree(tmp_path, systemd=False)
    assert tree.parent("web-c1") == "/modelyard/web-c1"
    (group / "memory.current").write_text("2048\n")
    assert tree.usage("web-c1") == Usage(1.5, 4096)
    assert tree.memory_now("web-c1") == 2048
    assert tree.memory_ran_out("web-c1")
    assert not tree.processes_ran_out("web-c1")


def test_usage_in_a_tree_per_controller(tmp_path: Path) -> None:
    for controller, file, text in (
        ("cpuacct", "cpuacct.usage", "2500000000\n"),
        ("memory", "memory.max_usage_in_bytes", "8192\n"),
        ("memory", "memory.usage_in_bytes", "1024\n"),
    ):
        group = tmp_path / controller / "modelyard/c1"
        group.mkdir(parents=True, exist_ok=True)
        (group / file).write_text(text)
    tree = CgroupTree(tmp_path, systemd=False)
    assert tree.usage("c1") == Usage(2.5, 8192)
    assert tree.memory_now("c1") == 1024


def test_memory_is_summed_up_from_look_to_look() -> None:
    begun, memory = datetime(2026, 11, 21, tzinfo=UTC), HeldMemory()
    assert memory.so_far("c1") is None
    for second, held in ((0, 0), (2, 100), (4, 100)):
        memory.look("c1", at=begun + timedelta(seconds=second), held=held)
    assert memory.so_far("c1") == 100 + 200
    for _ in range(2):
        memory.end("c1", at=begun + timedelta(seconds=5))
    assert memory.so_far("c1") == 400
    memory.forget("c1")
    assert memory.so_far("c1") is None


@pytest.mark.parametrize("systemd", [True, False])
def test_usage_of_a_group_that_is_gone_is_unknown(tmp_path: Path, systemd: bool) -> None:
    tree = CgroupTree(tmp_path, systemd=systemd)
    assert tree.usage("c1") is None
    assert tree.memory_now("c1") is None
    assert not tree.memory_ran_out("c1")
    tree.remove("c1")


def test_a_slice_has_no_dash_in_its_own_name(tmp_path: Path) -> None:
    tree = CgroupTree(tmp_path, systemd=True)
    assert tree.parent("web-c1") == "modelyard-web_c1.slice"
    group = tmp_path / "modelyard.slice/modelyard-web_c1.slice"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("usage_usec 10\n")
    assert tree.usage("web-c1") == Usage(1e-5, None)
