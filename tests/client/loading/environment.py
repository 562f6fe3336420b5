"""A Python with PyTorch and the client, made once for each choice of versions."""

import subprocess
import tempfile
from pathlib import Path

import modelyard_client
from support.clients import python_with

TORCH = "2.13.0"
WANTED = (f"torch=={TORCH}", "numpy", "pillow", "pyarrow", "httpx")


def run_with_torch(program: str, *arguments: str) -> str:
    """What a program of the environment prints; the client alone is there, not the server."""
    python = python_with(WANTED, name="torch")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "modelyard_client").symlink_to(Path(modelyard_client.__file__).parent)
        script = Path(folder) / "program.py"  # workers of a loader import it again
        script.write_text(program)
        done = subprocess.run([python, script, *arguments], check=False, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout
