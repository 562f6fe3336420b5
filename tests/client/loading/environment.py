"""A Python with PyTorch and the client, made once for each choice of versions."""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import uv

import modelyard_client

TORCH = "2.13.0"
WANTED = (f"torch=={TORCH}", "numpy", "pillow", "pyarrow", "httpx")


def run_with_torch(program: str, *arguments: str) -> str:
    """What a program of the environment prints; the client alone is there, not the server."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "modelyard_client").symlink_to(Path(modelyard_client.__file__).parent)
        script = Path(folder) / "program.py"  # workers of a loader import it again
        script.write_text(program)
        done = subprocess.run([_python(), script, *arguments], check=False, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _python() -> Path:
    key = hashlib.sha256(f"{WANTED} {sys.version}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"modelyard-torch-{os.getuid()}-{key}"
    python = folder / "bin" / "python"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            found = uv.find_uv_bin()
            subprocess.run([found, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
            subprocess.run([found, "pip", "install", "--quiet", "--python", str(python), *WANTED], check=True)
            (folder / "complete").touch()
    return python
