"""What Git asks of the platform while it takes a push. Git runs it as a program of its own: standard library only.

Called as ``pre-receive`` (githooks(5)) while what was sent is still in quarantine, and as ``proc-receive``, which says
of each ref whether it may change, and why not, in words that Git shows. The server tells the rest by environment:

- ``MODELYARD_MAX_FILE_BYTES``: the largest file that Git itself may hold;
- ``MODELYARD_ROOM_BYTES``: how much the owner may hold more; empty for no bound;
- ``MODELYARD_MAINTAINS``: ``1`` where whoever pushes may change ``main`` and tags;
- ``MODELYARD_JOURNAL``: the file that must name every change before it happens.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAIN = "refs/heads/main"
VERSION_TAG = re.compile(r"refs/tags/(dvc/)?v[0-9]+")
SHADOWS = frozenset({"refs/tags/main", "refs/tags/HEAD", "refs/heads/HEAD"})
NAME_LIMIT = 200
SHOWN = 10
MIB = 1024**2


@dataclass(frozen=True)
class Command:
    """One wish of a push: ``ref`` goes from ``old`` to ``new``; zeros where there is none."""

    old: str
    new: str
    ref: str

    @property
    def deletes(self) -> bool:
        return not self.new.strip("0")

    @property
    def creates(self) -> bool:
        return not self.old.strip("0")


def main() -> int:
    if sys.argv[1] == "pre-receive":
        room = os.environ["MODELYARD_ROOM_BYTES"]
        return check_room(int(room) if room else None) or check_sizes(int(os.environ["MODELYARD_MAX_FILE_BYTES"]))
    return answer_commands(sys.stdin.buffer, sys.stdout.buffer)


def why_refused(command: Command, *, maintains: bool) -> str | None:
    """Why a ref may not change, as far as its name says; None where it may."""
    if VERSION_TAG.fullmatch(command.ref):
        return "tags like v1 are the platform's; push a tag of another name, and it asks for the next version"
    if not command.ref.startswith(("refs/heads/", "refs/tags/")):
        return "only branches and tags can be pushed"
    if command.ref in SHADOWS or len(command.ref) > NAME_LIMIT or not command.ref.isprintable():
        return "this name cannot be used; choose another one"
    if command.ref == MAIN and (command.deletes or not maintains):
        what = "it cannot be deleted" if command.deletes else "only maintainers push to it; push another branch"
        return f"main is protected: {what}"
    if command.ref.startswith("refs/tags/") and not maintains:
        return "only maintainers push tags; push a branch"
    return None


def judge(commands: Sequence[Command], *, maintains: bool, atomic: bool) -> dict[str, str | None]:
    """Of each ref, why it may not change, or None. With ``atomic`` none may where one may not."""
    found = {c.ref: why_refused(c, maintains=maintains) or _why_not_by_content(c) for c in commands}
    if atomic and any(found.values()):
        return {ref: reason or "another ref of this atomic push was refused" for ref, reason in found.items()}
    return found


def answer_commands(stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Speaks the ``proc-receive`` protocol: what may change is noted in the journal, then left to Git to do."""
    features = b" ".join(read_packets(stdin))
    stdout.write(packet(b"version=1\0") + b"0000")
    stdout.flush()
    lines = (line.decode(errors="surrogateescape") for line in read_packets(stdin))
    commands = [Command(*line.rstrip("\n").split(" ", 2)) for line in lines]
    maintains = os.environ["MODELYARD_MAINTAINS"] == "1"
    verdicts = judge(commands, maintains=maintains, atomic=b"atomic" in features)
    note([c for c in commands if verdicts[c.ref] is None], os.environ["MODELYARD_JOURNAL"])
    stdout.write(b"".join(_verdict(ref, reason) for ref, reason in verdicts.items()) + b"0000")
    stdout.flush()
    return 0


def read_packets(stream: BinaryIO) -> list[bytes]:
    """The pkt-lines up to the next flush (gitprotocol-common(5))."""
    found = []
    while (size := int(stream.read(4) or b"0", 16)) > 4:
        found.append(stream.read(size - 4))
    return found


def packet(data: bytes) -> bytes:
    return b"%04x%s" % (len(data) + 4, data)


def note(commands: Iterable[Command], journal: str) -> None:
    """Writes down what is about to change, so that it is known even if nobody lives to tell."""
    with Path(journal).open("a", encoding="utf-8") as file:
        file.writelines(f"{c.old} {c.new} {c.ref}\n" for c in commands)
        file.flush()
        os.fsync(file.fileno())


def check_room(room: int | None) -> int:
    """1, with words for the person, where the push is larger than what the owner may hold more."""
    if room is None or (brought := _size_of_quarantine()) <= room:
        return 0
    print(f"The push needs {brought / MIB:,.1f} MiB of storage; {room / MIB:,.1f} MiB of the owner's quota are left.",
          file=sys.stderr)  # fmt: skip
    print("Delete what you need no more, or ask an administrator for more.", file=sys.stderr)
    return 1


def _size_of_quarantine() -> int:
    """Bytes; a push that only deletes has no quarantine."""
    folder = os.environ.get("GIT_QUARANTINE_PATH")
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) if folder else 0


def check_sizes(limit: int) -> int:
    """1, with words for the person, where a file of the push is larger than Git may hold."""
    commands = [Command(*line.rstrip("\n").split(" ", 2)) for line in sys.stdin]
    large = _large_objects(limit)
    if not large:
        return 0
    names = _names_of(large, [c.new for c in commands if not c.deletes])
    for id, size in list(large.items())[:SHOWN]:
        print(f"{names.get(id, id)} has {size / MIB:,.1f} MiB; Git takes files up to {limit / MIB:,.1f} MiB here.",
              file=sys.stderr)  # fmt: skip
    print("Keep large files with Git LFS: git lfs migrate import --above=1mb", file=sys.stderr)
    return 1


def _large_objects(limit: int) -> dict[str, int]:
    """The blobs in quarantine, and only there, that are larger: id → size."""
    environment = _without(os.environ, "GIT_ALTERNATE_OBJECT_DIRECTORIES")
    lines = _git("cat-file", "--batch-check=%(objecttype) %(objectname) %(objectsize)", "--batch-all-objects",
                 "--unordered", env=environment)  # fmt: skip
    blobs = (line.split() for line in lines if line.startswith("blob "))
    return {id: int(size) for _, id, size in blobs if int(size) > limit}


def _names_of(ids: Iterable[str], tips: Sequence[str]) -> dict[str, str]:
    wanted = set(ids)
    found = (line.partition(" ") for line in _git("rev-list", "--objects", *tips, "--not", "--all"))
    return {id: name for id, _, name in found if id in wanted and name}


def _why_not_by_content(command: Command) -> str | None:
    if command.deletes:
        return None
    if command.ref.startswith("refs/tags/"):
        return None if _succeeds("rev-parse", "-q", "--verify", f"{command.new}^{{commit}}") else "no commit is tagged"
    if command.ref != MAIN or command.creates:
        return None
    if _succeeds("merge-base", "--is-ancestor", command.old, command.new):
        return None
    return "main is protected: it only moves forward; fetch and merge first"


def _verdict(ref: str, reason: str | None) -> bytes:
    name = ref.encode(errors="surrogateescape")
    if reason is None:
        return packet(b"ok " + name) + packet(b"option fall-through")
    return packet(b"ng %s %s" % (name, reason.encode()))


def _git(*arguments: str, env: Mapping[str, str] | None = None) -> list[str]:
    done = subprocess.run(["git", *arguments], env=env, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode(errors="replace").splitlines()


def _succeeds(*arguments: str) -> bool:
    done = subprocess.run(["git", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _without(environment: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in environment.items() if key != name}


if __name__ == "__main__":
    sys.exit(main())
