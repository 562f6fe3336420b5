"""Clients of other makers, each in a virtual environment of its own, made once for each choice of releases."""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uv

DVC = ("dvc==3.67.1", "dvc-http==2.32.0")
HUGGINGFACE = ("huggingface_hub==2.4.0",)


def python_with(wanted: Sequence[str], *, name: str) -> Path:
    """The interpreter of an environment that has these packages from the package index."""
    key = hashlib.sha256(f"{list(wanted)} {sys.version}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"modelyard-{name}-{os.getuid()}-{key}"
    python = folder / "bin" / "python"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            found = uv.find_uv_bin()
            subprocess.run([found, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
            subprocess.run([found, "pip", "install", "--quiet", "--python", str(python), *wanted], check=True)
            (folder / "complete").touch()
    return python
