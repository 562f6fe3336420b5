"""The fake keeps the engine's contract, so that rooms can be tested with it."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.engine import EngineContract
from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from fakes.engine import FakeEngine, Running
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import EngineUnavailable
from modelyard.rooms.runs.ports import ContainerSpec, State


class TestFakeEngine(EngineContract):
    @pytest.fixture
    def open_engine(self, blobs: BlobStore) -> Callable[[], FakeEngine]:
        containers: dict[str, Running] = {}
        return lambda: FakeEngine(blobs, containers=containers)


@pytest.fixture
def blobs(tmp_path: Path) -> LocalFolderBlobs:
    return LocalFolderBlobs(tmp_path)


def test_a_function_can_stand_for_a_program(blobs: LocalFolderBlobs) -> None:
    def program(running: Running) -> int:
        running.write(b"up\n")
        running.stopping.wait()
        return 5

    engine = FakeEngine(blobs, program=program)
    engine.create(ContainerSpec(name="x", image=busybox_image(blobs)))
    assert engine.wait("x", timeout=0).state is State.RUNNING
    stopped = engine.stop("x", grace=60)
    assert (stopped.exit_code, stopped.reason, engine.logs("x")) == (5, "stopped", b"up\n")


def test_a_function_that_fails_or_hangs_ends(blobs: LocalFolderBlobs) -> None:
    forever = threading.Event()

    def program(running: Running) -> int:
        if running.spec.name == "hangs":
            forever.wait()
        raise ValueError("broken")

    engine = FakeEngine(blobs, program=program)
    for name in ("fails", "hangs"):
        engine.create(ContainerSpec(name=name, image=busybox_image(blobs)))
    assert engine.wait("fails", timeout=60).exit_code == 1
    assert b"ValueError: broken" in engine.logs("fails")
    assert engine.stop("hangs", grace=0).exit_code == 137
    forever.set()


def test_it_can_be_switched_off(blobs: LocalFolderBlobs) -> None:
    engine = FakeEngine(blobs)
    engine.unavailable = True
    with pytest.raises(EngineUnavailable):
        engine.list()
