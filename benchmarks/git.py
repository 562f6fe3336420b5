"""Clone and push of a repository of 100 MB in 5,000 files, by the stock ``git``: through Modelyard, and through
``git http-backend`` behind NGINX and fcgiwrap.

Every push goes to a repository of its own; the pack is made anew each time, as by a person's first push.
"""

import os
import shutil
import sys
from itertools import count
from pathlib import Path

from measure import Bar, in_turn, private_services, report
from peers import nginx_git
from rooms.repos.wire import git
from rooms.versions.tiny import Author, author
from support import server

FILES, FILE_BYTES, PER_FOLDER = 5000, 20_000, 100
NUMBERS = count()


def main() -> None:
    with private_services() as scratch:
        me = author(server.shared("sqlite"), scratch, name="unused")
        peer = nginx_git.start(scratch / "peer")
        work = _make_work(scratch / "work")
        ours, theirs = _Places(me, work), _Peers(peer, scratch / "peer", work)
        jobs = {"push": ours.push, "push, NGINX": theirs.push}
        seconds = in_turn(jobs, rounds=3, before={"push": ours.renew, "push, NGINX": theirs.renew})
        target = scratch / "clone"
        seconds |= in_turn(
            {"clone": lambda: _clone(ours.address, target), "clone, NGINX": lambda: _clone(theirs.address, target)},
            rounds=3,
            before={name: lambda: shutil.rmtree(target, ignore_errors=True) for name in ("clone", "clone, NGINX")},
        )
    bars = [
        Bar(f"{name} / NGINX's", seconds[name] / seconds[f"{name}, NGINX"], 1.2, at_most=True)
        for name in ("clone", "push")
    ]
    report("git", {f"{name} s": taken for name, taken in seconds.items()}, bars)


class _Places:
    """Repositories of ours, the newest of which is pushed to."""

    def __init__(self, me: Author, work: Path) -> None:
        self._me, self._work, self.address = me, work, ""

    def renew(self) -> None:
        name = f"r{next(NUMBERS)}"
        self._me.client.create_repository(f"{self._me.username}/{name}")
        site = self._me.server.url.replace("://", f"://x:{self._me.token}@")
        self.address = f"{site}/{self._me.username}/{name}.git"

    def push(self) -> None:
        _run("push", "-q", self.address, "main", cwd=self._work)


class _Peers:
    """The same at the peer's."""

    def __init__(self, site: str, folder: Path, work: Path) -> None:
        self._site, self._folder, self._work, self.address = site, folder, work, ""

    def renew(self) -> None:
        name = f"r{next(NUMBERS)}"
        nginx_git.create_repository(self._folder, name)
        self.address = f"{self._site}/{name}.git"

    def push(self) -> None:
        _run("push", "-q", self.address, "main", cwd=self._work)


def _clone(address: str, target: Path) -> None:
    _run("clone", "-q", address, str(target), cwd=target.parent)


def _make_work(folder: Path) -> Path:
    for number in range(FILES):
        file = folder / f"d{number // PER_FOLDER}" / f"f{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(FILE_BYTES))
    _run("init", "-q", "-b", "main", cwd=folder)
    _run("add", ".", cwd=folder)
    _run("commit", "-q", "-m", "all", cwd=folder)
    return folder


def _run(*arguments: str, cwd: Path) -> None:
    done = git(*arguments, cwd=cwd)
    if done.returncode:
        sys.exit(done.stderr)


if __name__ == "__main__":
    main()
