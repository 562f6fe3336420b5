"""What a decoding process cannot do any more."""

import os
import socket
from pathlib import Path

import pytest

from modelyard.adapters.packs.confinement import confine

ATTEMPTS = {
    "reads a file": lambda: Path("/etc/passwd").read_bytes(),
    "writes a file": lambda: Path("x").write_bytes(b""),
    "opens a socket": socket.socket,
    "runs a program": lambda: os.execv("/bin/true", ["true"]),
    "ends a process": lambda: os.kill(os.getppid(), 0),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_confined_process_gets_nowhere(attempt: str) -> None:
    child = os.fork()
    if child == 0:
        os._exit(_try(attempt))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 13


def _try(attempt: str) -> int:
    if not confine():
        return 1
    try:
        ATTEMPTS[attempt]()
    except PermissionError:
        return 13
    return 0
