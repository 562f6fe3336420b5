"""Programs of the system that tests run for real, and the Debian package each one comes from."""

import shutil
from pathlib import Path

EXTRA_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")


class ProgramMissing(AssertionError):
    """A program that a test needs is not installed; the message says what installs it."""


def need(program: str, *, package: str) -> str:
    """The path of ``program``; raises ``ProgramMissing`` with the Debian package that has it."""
    found = shutil.which(program) or shutil.which(program, path=":".join(EXTRA_FOLDERS))
    if not found:
        raise ProgramMissing(f"`{program}` is not installed. As root: apt-get install -y {package}")
    return found


def need_postgres(program: str) -> str:
    """A server program of the newest PostgreSQL; Debian keeps them off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda p: int(p.parent.parent.name))
    return str(found[-1]) if found else need(program, package="postgresql")
