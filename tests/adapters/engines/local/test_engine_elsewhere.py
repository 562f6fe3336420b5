"""The contract of engines as an ordinary user, and where namespaces are forbidden."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from contracts.engine import EngineContract
from contracts.engine_bench import Bench
from contracts.engine_confinement import ConfinementContract, LoopbackContract
from contracts.engine_elsewhere import NOBODY, Elsewhere, RemoteEngine, become_nobody
from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.seccomp import compile_filter
from modelyard.adapters.engines.local.shim import syscalls
from modelyard.rooms.runs.ports import Image, Isolation


def forbid_namespaces() -> None:
    """What Docker's default profile does to a container: root may change the root, and neither mount nor unshare."""
    syscalls.forbid_new_privileges()
    syscalls.install_filter(compile_filter(allowing=frozenset({"chroot"})))


def forbid_everything() -> None:
    forbid_namespaces()
    become_nobody()


class ElsewhereContract(EngineContract):
    """The engine chooses its level itself."""

    prepare: Callable[[], None]
    uid = NOBODY
    level: Isolation
    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def elsewhere(cls) -> Iterator[Elsewhere]:
        elsewhere = Elsewhere(cls.prepare, uid=cls.uid)
        yield elsewhere
        elsewhere.close()

    @pytest.fixture
    def tmp_path(self, elsewhere: Elsewhere) -> Path:
        """Where the other user can go."""
        return elsewhere.folder()

    @pytest.fixture(scope="class")
    @classmethod
    def blobs(cls, elsewhere: Elsewhere) -> LocalFolderBlobs:
        return LocalFolderBlobs(elsewhere.folder())

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls, blobs: LocalFolderBlobs) -> Image:
        return busybox_image(blobs, Entrypoint=["/bin/echo", "default"], Cmd=["command"])

    @pytest.fixture(scope="class")
    @classmethod
    def open_engine(cls, elsewhere: Elsewhere, blobs: LocalFolderBlobs) -> Callable[[], RemoteEngine]:
        home = elsewhere.folder()
        return lambda: elsewhere.engine(home, blobs, **cls.options)

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, open_engine: Callable[[], RemoteEngine]) -> RemoteEngine:
        return open_engine()

    def own(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.uid)

    def test_the_level_is_the_best_possible(self, bench: Bench) -> None:
        assert bench.engine.isolation is self.level


class TestOrdinaryUser(ElsewhereContract, ConfinementContract, LoopbackContract):
    prepare = staticmethod(become_nobody)
    level = Isolation.NAMESPACES


class TestOrdinaryUserWithoutOverlay(ElsewhereContract, ConfinementContract, LoopbackContract):
    prepare = staticmethod(become_nobody)
    level = Isolation.NAMESPACES
    options: ClassVar = {"overlay": False}


class TestOrdinaryUserWithoutNamespaces(ElsewhereContract):
    prepare = staticmethod(forbid_everything)
    level = Isolation.NONE


class TestRootWithoutNamespaces(ElsewhereContract, ConfinementContract):
    prepare = staticmethod(forbid_namespaces)
    level = Isolation.CHROOT
    uid = 0
