"""Parquet is read by the user's own packages, in a process of theirs, which writes JSON Lines."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from modelyard_box.spawn import box_command


def read_parquet(path: Path) -> Iterator[bytes]:
    """A JSON object for each row. Raises ValueError where the file cannot be read, or nothing can read Parquet."""
    with subprocess.Popen(
        box_command("parquet"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps({"path": str(path), "count": False}).encode())
        process.stdin.close()
        try:
            yield from process.stdout
            complaint = process.stderr.read()
        finally:
            process.kill()
    if process.returncode not in (0, -9) or complaint:
        raise ValueError(complaint.decode(errors="replace").strip() or "its reader ended early")


def count_parquet(path: Path) -> int:
    """How many rows a file has. Raises ValueError as ``read_parquet``."""
    asked = json.dumps({"path": str(path), "count": True}).encode()
    done = subprocess.run(box_command("parquet"), input=asked, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip())
    return int(done.stdout)
