"""The engine ``local``: implements ``Engine``, ``EvictsImages`` and ``DescribesItself`` of ``rooms.runs.ports``."""

import builtins
import errno
import fcntl
import hashlib
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from modelyard.adapters.engines.local import sandbox
from modelyard.adapters.engines.local.containers import Folders
from modelyard.adapters.engines.local.doctor import describe
from modelyard.adapters.engines.local.launcher import start_shim
from modelyard.adapters.engines.local.layers import LayerStore, locked
from modelyard.adapters.engines.local.levels import Level, Site
from modelyard.adapters.engines.local.links import Layer
from modelyard.adapters.engines.local.passwd import with_numbers
from modelyard.adapters.engines.local.probe import Prober
from modelyard.adapters.engines.local.seccomp import compile_filter
from modelyard.adapters.engines.local.shim import cgroups
from modelyard.adapters.engines.local.untar import remove_tree
from modelyard.adapters.engines.local.users import UserRange
from modelyard.kit.errors import ModelyardError, StorageFull
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineUnavailable
from modelyard.rooms.runs.ports import Container, ContainerSpec, Finding, Isolation, State


class LocalEngine:
    """Runs containers below ``root``, a folder that no other user may enter and that may be shared by processes.

    The isolation level is the best that works here, found by trying, or ``level``. A level that does not work makes
    ``create`` raise ``EngineUnavailable`` with the reason; reading what is there works all the same. ``bwrap`` and
    ``python`` choose the programs, ``uids`` the range for containers when the server is root; ``control_groups`` and
    ``overlay`` False do without them, where they are there and do harm.
    """

    def __init__(
        self,
        root: Path,
        blobs: BlobStore,
        *,
        level: Isolation | None = None,
        bwrap: Path | None = None,
        python: str = sys.executable,
        uids: range | None = None,
        control_groups: bool = True,
        overlay: bool = True,
    ) -> None:
        self._root = root.absolute()
        self._layers = LayerStore(self._root, blobs)
        self._users = UserRange(self._root / "u", uids) if os.geteuid() == 0 else None
        self._folders = Folders(self._root / "c", self._users)
        self._python = python
        self._folders.sweep()
        self._give_back_users()
        trying = self._root / "lock" / "try"
        _clear_drafts(self._root, trying)
        with locked(trying, shared=True):
            self._site = _make_site(self._root, control_groups=control_groups)
            prober = Prober(self._site, self._layers, self._users, python, bwrap, overlay)
            self._trials = prober.try_all(level)
        self._level = next((trial.level for trial in self._trials if trial.refused is None), None)
        self.isolation = self._level.isolation if self._level else level or Isolation.NONE

    def create(self, spec: ContainerSpec) -> Container:
        level = self._working_level()
        sandbox.check_spec(spec)
        if self._folders.exists(spec.name):
            raise ContainerExists(f"A container named {spec.name} exists.", remedy="Remove it first.")
        with self._starting():
            layers = self._layers.ensure_all(spec.image.layers)
            self._start(with_numbers(spec, layers), level, layers)
        return self._folders.read(spec.name)

    def wait(self, name: str, *, timeout: float | None = None) -> Container:
        return self._folders.wait(name, timeout)

    def logs(self, name: str, *, offset: int = 0, limit: int = 1024**2) -> bytes:
        return self._folders.log(name, offset, limit)

    def stop(self, name: str, *, grace: float = 10.0) -> Container:
        return self._folders.stop(name, grace)

    def remove(self, name: str) -> None:
        if self._folders.exists(name):
            self._folders.end(name)
            self._folders.remove(name)

    def list(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        found = []
        for name in self._folders.names():
            try:
                container = self._folders.read(name)
            except ContainerMissing:
                continue
            if (labels or {}).items() <= container.labels.items():
                found.append(container)
        return found

    def evict(self, *, keep_bytes: int) -> int:
        """Waits for starts that are under way; containers that run keep their layers."""
        with locked(self._root / "lock" / "evict"):
            running = [c.name for c in self.list() if c.state is State.RUNNING]
            used = {layer for name in running for layer in self._folders.document(name)["layers"]}
            return self._layers.evict(keep_bytes=keep_bytes, used=used)

    def describe(self) -> builtins.list[Finding]:
        """What this machine can isolate and limit, why not more, and what follows."""
        return describe(self._trials, self._site)

    def _working_level(self) -> Level:
        if self._level is None:
            tried = "; ".join(f"{trial.text}: {trial.refused}" for trial in self._trials)
            raise EngineUnavailable(
                f"No isolation level works on this machine ({tried}).",
                remedy="`modelyard doctor` says what is missing.",
            )
        return self._level

    def _starting(self) -> AbstractContextManager[None]:
        """Keeps what a start needs from being evicted meanwhile."""
        return locked(self._root / "lock" / "evict", shared=True)

    def _start(self, spec: ContainerSpec, level: Level, layers: Sequence[Layer]) -> None:
        uid = self._users.take(spec.name) if self._users else None
        try:
            reserved = self._folders.reserve(spec.name, self._document(spec, level, layers, uid))
        except BaseException:
            if self._users and uid is not None:
                self._users.give_back(uid)
            raise
        try:
            plan = level.prepare(spec, layers, reserved.folder, uid)
            start_shim(plan.replaced(lock=reserved.lock), python=self._python)
        except BaseException as error:
            self._folders.remove(spec.name)
            if isinstance(error, OSError):
                raise _translated(error) from error
            raise
        finally:
            os.close(reserved.lock)

    def _document(self, spec: ContainerSpec, level: Level, layers: Sequence[Layer], uid: int | None) -> dict[str, Any]:
        group = self._site.group(spec.name)
        return {
            "labels": dict(spec.labels),
            "image": spec.image.digest,
            "isolation": level.isolation.value,
            "layers": [layer.path.name for layer in layers],
            "uid": uid,
            "moves": level.moves(spec, self._folders.folder(spec.name)),
            "groups": [[place.version, f"{place.folder}/{group}", place.controllers] for place in self._site.places],
        }

    def _give_back_users(self) -> None:
        """User ids whose container is gone, after a crash."""
        if self._users is None:
            return
        with locked(self._root / "lock" / "evict"):
            documents = [self._folders.document(name) for name in self._folders.names()]
            self._users.keep_only([document["uid"] for document in documents])


def _clear_drafts(root: Path, lock: Path) -> None:
    """Removes what a process left that died while it opened the engine, unless another is just opening it."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for draft in [*root.glob(".try-*"), *root.glob(".filter-*")]:
            remove_tree(draft)


def _make_site(root: Path, *, control_groups: bool) -> Site:
    suffix = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    places = cgroups.find_places() if control_groups else []
    return Site(
        root=root,
        filter=_keep(root, compile_filter()),
        unix_filter=_keep(root, compile_filter(internet=False)),
        places=places,
        group_suffix=suffix,
    )


def _keep(root: Path, program: bytes) -> Path:
    """A file with the program; the name is its content's, so that it is never changed under a starting container."""
    file = root / f"filter-{hashlib.sha256(program).hexdigest()[:12]}"
    if not file.is_file():
        draft = root / f".{file.name}.{uuid.uuid4().hex}"
        draft.write_bytes(program)
        draft.rename(file)
    return file


def _translated(error: OSError) -> ModelyardError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("There is no room to start the container.")
    return EngineUnavailable(f"The container could not be started: {error}.")
