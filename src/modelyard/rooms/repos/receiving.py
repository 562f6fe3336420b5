"""Pushes over Git's smart HTTP: ``git receive-pack`` works, ``receiving_hook`` decides, the platform hears of it.

A push keeps a *journal* beside the repositories: who pushes where, then each change before it happens. Every program
that Git starts for the push holds a lock on it, so that whoever can take the lock knows that the push has ended, also
after the server was killed. A journal is removed when what follows from its push was done.
"""

import asyncio
import fcntl
import json
import logging
import os
import shlex
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import UUID

import anyio.to_thread

from modelyard.kit.ids import new_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.repos import branching, git, receiving_hook, wire
from modelyard.rooms.repos.ports import RefChange, RepositoryOptions, UnfinishedPush
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.repos.wire import WireRequest, WireResponse

JOURNALS, HOOKS = "pushes", "hooks"
HOOK_NAMES = ("pre-receive", "proc-receive")
CONFIG = {
    "http.receivepack": "true",
    "transfer.fsckObjects": "true",
    "receive.procReceiveRefs": "refs",
    "receive.unpackLimit": "1",  # one pack is one file to make durable
    "receive.autogc": "false",
    "core.fsync": "all",
    "gc.auto": "0",
}
PROGRESS = 2
WORDS_PER_PACKET = 900

log = logging.getLogger("modelyard.git")

Finish = Callable[[Sequence[RefChange]], Sequence[str]]
"""What follows from a push, called in a thread when its changes are durable; answers lines for the person."""

_running: set[asyncio.Task[None]] = set()


async def receive(
    options: RepositoryOptions,
    request: WireRequest,
    *,
    principal: Principal,
    repository: Repository,
    maintains: bool,
    room: int | None,
    finish: Finish,
) -> WireResponse:
    """Runs one push. Git's verdict is held back until the changes are on disk and ``finish`` has returned.

    ``room``: how many bytes the push may bring, None for no bound.

    The push goes on when the client leaves: Git ends by itself when its input does, and cleans up.
    """
    path = git.repository_path(options.root, repository.id)
    journal = _begin_journal(options.root, repository.id, principal)
    lock = _lock(journal)
    assert lock is not None  # nobody else knows the name
    try:
        process = await wire.start(
            path,
            request,
            config=CONFIG
            | {"core.hooksPath": str(_hooks(options.root)), "receive.maxInputSize": str(options.max_push_bytes)},
            environment={
                "MODELYARD_JOURNAL": str(journal),
                "MODELYARD_MAINTAINS": "1" if maintains else "0",
                "MODELYARD_MAX_FILE_BYTES": str(options.max_file_bytes),
                "MODELYARD_ROOM_BYTES": "" if room is None else str(room),
            },
            keep_open=(lock,),
        )
        feeding = asyncio.create_task(wire.feed(process, request.body))
        status, headers = await wire.read_headers(process)
    except BaseException:
        os.close(lock)
        raise
    answer: asyncio.Queue[bytes | None] = asyncio.Queue()
    relaying = asyncio.create_task(_relay(process, feeding, answer, lambda: _conclude(path, journal, lock, finish)))
    _running.add(relaying)
    relaying.add_done_callback(_running.discard)
    return WireResponse(status, headers, _body(answer, relaying), feeding)


@contextmanager
def journaled(root: Path, repository_id: UUID, principal: Principal, change: RefChange) -> Iterator[None]:
    """For a ref that the platform changes itself and what follows from it: where the server is killed in between, the
    sweep takes it up as it does with a push."""
    journal = _begin_journal(root, repository_id, principal)
    lock = _lock(journal)
    assert lock is not None  # nobody else knows the name
    try:
        receiving_hook.note([receiving_hook.Command(change.old, change.new, change.ref)], str(journal))
        yield
        journal.unlink(missing_ok=True)
    except Exception:
        if not _happened(git.repository_path(root, repository_id), [change]):
            journal.unlink(missing_ok=True)
        raise
    finally:
        os.close(lock)


def settle_pushes(options: RepositoryOptions, act: Callable[[UnfinishedPush], None]) -> None:
    """Has ``act`` hear of pushes whose server did not live to tell; where it fails, again the next time."""
    for journal in sorted((options.root / JOURNALS).glob("*")):
        locked = _lock(journal)
        if locked is None:
            continue  # still under way
        os.close(locked)
        try:
            if push := _read_journal(options.root, journal):
                act(push)
            journal.unlink(missing_ok=True)
        except Exception:
            log.exception("what follows from the push %s", journal.name)


def await_orphans(options: RepositoryOptions, *, seconds: float = 60) -> None:
    """Waits until the programs of a killed server have ended; they end as soon as they notice."""
    deadline = time.monotonic() + seconds
    for journal in (options.root / JOURNALS).glob("*"):
        while (locked := _lock(journal)) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if locked is not None:
            os.close(locked)


async def _relay(
    process: Process,
    feeding: asyncio.Task[None],
    answer: asyncio.Queue[bytes | None],
    conclude: Callable[[], list[str]],
) -> None:
    """Passes progress on as it comes, and the verdict when everything is done."""
    try:
        held = b""
        async for part in _packets(process):
            if held or part[4:5] != bytes([PROGRESS]):
                held += part
            else:
                answer.put_nowait(part)
        await process.wait()
        words = await anyio.to_thread.run_sync(conclude)
        await feeding
        if held[4:5] == b"\x01":  # the client takes progress beside the verdict
            answer.put_nowait(b"".join(_in_packets(words)))
        answer.put_nowait(held)
    finally:
        feeding.cancel()
        answer.put_nowait(None)


async def _packets(process: Process) -> AsyncIterator[bytes]:
    """The pkt-lines of Git's answer with their lengths; what is none comes as it is."""
    assert process.stdout is not None
    while head := await process.stdout.read(4):
        while len(head) < 4 and (more := await process.stdout.read(4 - len(head))):
            head += more
        try:
            size = int(head, 16)
            rest = await process.stdout.readexactly(size - 4) if size > 4 else b""
        except asyncio.IncompleteReadError as e:  # somebody ended Git
            rest = e.partial
        except ValueError:
            rest = await process.stdout.read()
        yield head + rest


async def _body(answer: asyncio.Queue[bytes | None], relaying: asyncio.Task[None]) -> AsyncIterator[bytes]:
    while (part := await answer.get()) is not None:
        yield part
    await asyncio.shield(relaying)  # what went wrong breaks the answer off: it is not taken for a success


def _in_packets(lines: Sequence[str]) -> Iterator[bytes]:
    for line in lines:
        text = "".join(c for c in line if c.isprintable()).encode(errors="replace")[:WORDS_PER_PACKET]
        yield receiving_hook.packet(bytes([PROGRESS]) + text + b"\n")


def _conclude(path: Path, journal: Path, lock: int, finish: Finish) -> list[str]:
    """Makes the changes durable and has the platform act on them."""
    try:
        changes = _happened(path, _read_changes(journal))
        if changes:
            _sync_folders(path, changes)
        return _finish(journal, changes, finish)
    finally:
        os.close(lock)


def _finish(journal: Path, changes: Sequence[RefChange], finish: Finish) -> list[str]:
    try:
        words = list(finish(changes)) if changes else []
    except Exception:  # the push itself is done; the journal stays, and the sweep asks again
        log.exception("what follows from the push %s", journal.name)
        return ["The push is done; what follows from it is tried again in a minute."]
    journal.unlink(missing_ok=True)
    return words


def _happened(path: Path, changes: Sequence[RefChange]) -> list[RefChange]:
    """Those of the journal that Git has carried out."""
    return [change for change in changes if branching.target_of(path, change.ref) == change.new]


def _sync_folders(path: Path, changes: Sequence[RefChange]) -> None:
    """Git syncs files; that they have their names is on disk when their folders are."""
    folders = {path, path / "objects", path / "objects" / "pack"}
    for change in changes:
        folders.update(folder for folder in (path / change.ref).parents if folder.is_relative_to(path / "refs"))
    for folder in folders:
        if folder.is_dir():
            _sync(folder)


def _begin_journal(root: Path, repository_id: UUID, principal: Principal) -> Path:
    folder = root / JOURNALS
    folder.mkdir(exist_ok=True)
    journal = folder / str(new_id())
    with journal.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"repository": str(repository_id), "account": str(principal.account_id)}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    _sync(folder)
    return journal


def _read_journal(root: Path, journal: Path) -> UnfinishedPush | None:
    """None for one that says nothing: the crash came before anything was to change, or the repository is gone."""
    head = journal.read_text(encoding="utf-8").partition("\n")[0]
    try:
        facts = json.loads(head)
        repository_id, account_id = UUID(facts["repository"]), UUID(facts["account"])
    except (ValueError, KeyError):
        return None
    path = git.repository_path(root, repository_id)
    changes = _happened(path, _read_changes(journal)) if path.exists() else []
    return UnfinishedPush(repository_id, account_id, tuple(changes)) if changes else None


def _read_changes(journal: Path) -> list[RefChange]:
    fields = (line.split(" ", 2) for line in journal.read_text(encoding="utf-8").splitlines()[1:])
    return [RefChange(ref=ref, old=old, new=new) for old, new, ref in fields]


def _lock(journal: Path) -> int | None:
    """A descriptor that holds the lock; None where others hold it, or the journal is gone."""
    try:
        descriptor = os.open(journal, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@cache
def _hooks(root: Path) -> Path:
    """The one folder where Git looks for hooks: the platform's own."""
    folder = root / HOOKS
    folder.mkdir(exist_ok=True)
    program = shlex.join([sys.executable, "-I", "-S", str(Path(receiving_hook.__file__).resolve())])
    for name in HOOK_NAMES:
        draft = folder / f"{name}.new"
        draft.write_text(f"#!/bin/sh\nexec {program} {name}\n")
        draft.chmod(0o755)
        draft.rename(folder / name)
    return folder


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
