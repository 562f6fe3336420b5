"""Starting a worker process, and saying in words how one ended. Kept light: it runs before everything else."""

import os
import signal
import socket
import sys

from modelyard_box.frames import CHANNEL_FD

_PACKAGE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib costs start-up time)
_FLAGS = ("-I", "-S", "-u", "-B")  # -I ignores PYTHONUNBUFFERED and PYTHONDONTWRITEBYTECODE, so they are given here


def start_worker() -> tuple[int, socket.socket]:
    """Starts a separate interpreter for the user's code and returns its pid and our end of the channel.

    The worker leads a process group of its own, so that it and what it started can be killed together.
    """
    ours, theirs = socket.socketpair()
    command = box_command("worker")
    actions = [
        (os.POSIX_SPAWN_DUP2, theirs.fileno(), CHANNEL_FD),
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    ]
    try:
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setpgroup=0)
    finally:
        theirs.close()
    return pid, ours


def box_command(name: str) -> list[str]:
    """How another process of the box is started."""
    return [*_interpreter(), *_FLAGS, _PACKAGE, name]


def _interpreter() -> list[str]:
    """This Python, started by the loader in MODELYARD_LOADER, a word a line, where an engine has to say so."""
    loader = os.environ.get("MODELYARD_LOADER", "").splitlines()
    return [*loader, "--argv0", sys.executable, sys.executable] if loader else [sys.executable]


def kill_worker(pid: int) -> None:
    """Kills the worker's process group; nothing happens when it is gone already."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def describe_exit(status: int) -> str:
    """What a ``waitpid`` status means for the person who wrote the code that ended so."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return "its process was killed, most likely because it ran out of memory"
    if code < 0:
        return f"its process crashed ({_signal_name(-code)})"
    return f"it ended its own process (exit status {code})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
