"""Podman with stores of its own."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.programs import need


@contextmanager
def podman() -> Iterator[Callable[..., str]]:
    """Podman with empty stores; it refuses long paths."""
    program = need("podman", package="podman")
    with tempfile.TemporaryDirectory(prefix="my-", dir="/tmp", ignore_cleanup_errors=True) as folder:

        def run(*arguments: str) -> str:
            stores = ["--root", f"{folder}/r", "--runroot", f"{folder}/x", "--storage-driver", "overlay"]
            done = subprocess.run([program, *stores, *arguments], check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout

        try:
            yield run
        finally:
            subprocess.run(["umount", f"{folder}/r/overlay"], check=False, capture_output=True)
