"""One test run's own folder, shared by its pytest-xdist workers, and what runs in it.

The controlling process makes the folder, leaves its own record there and stops everything at the end. A run that
crashed is recognised by the next one, which stops what it left.
"""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import processes

VARIABLE = "MODELYARD_TEST_ROOT"


def begin(parent: Path | None = None) -> Path:
    """Makes this run's folder and clears away what crashed runs left. Paths are short: sockets live in them."""
    parent = parent or Path(f"/tmp/my-tests-{os.geteuid()}")
    parent.mkdir(mode=0o755, exist_ok=True)
    clear_stale(parent)
    root = parent / secrets.token_hex(3)
    root.mkdir(mode=0o755)
    me = processes.note(os.getpid())
    (root / "owner").write_text(json.dumps([me.pid, me.started]))
    os.environ[VARIABLE] = str(root)
    return root


def current() -> Path:
    return Path(os.environ[VARIABLE])


def new_folder(name: str) -> Path:
    """A folder of this run for one test, with a path that is short enough for sockets."""
    folder = current() / f"{name}-{secrets.token_hex(2)}"
    folder.mkdir(mode=0o755)
    return folder


def end(root: Path) -> None:
    """Stops what runs under ``root`` and removes it, mounts included."""
    processes.stop_recorded(root)
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        target = line.split()[1]
        if target.startswith(f"{root}/"):
            subprocess.run(["umount", "-l", target], check=False)
    shutil.rmtree(root, ignore_errors=True)


def clear_stale(parent: Path) -> None:
    """Ends the runs under ``parent`` whose owner is gone."""
    for root in parent.iterdir():
        owner = root / "owner"
        if owner.exists() and owner.read_text() and not processes.read(owner).alive():
            end(root)


def shared(name: str, start: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """The facts of service ``name`` (where it listens, say), which ``start(folder)`` gave when it was first asked."""
    root = current()
    with _locked(root / f"{name}.lock"):
        facts = root / f"{name}.json"
        if not facts.exists():
            folder = root / name
            folder.mkdir(mode=0o755)
            facts.write_text(json.dumps(start(folder)))
        return json.loads(facts.read_text())


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
