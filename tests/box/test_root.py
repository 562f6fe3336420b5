"""Where an engine cannot change the root: paths below another folder, workers started by a loader."""

import json
import re
import subprocess
import sys
from pathlib import Path

from modelyard_box.config import load_box
from modelyard_box.spawn import start_worker


def test_paths_are_below_the_root(tmp_path: Path, monkeypatch) -> None:
    document = {
        "format": 1,
        "target": {"module": "m", "function": "f"},
        "artifact": "/app/artifact/model.pkl",
        "source": "/app/src",
        "site": "/app/site-packages",
        "signature": {},
    }
    (tmp_path / "modelyard").mkdir()
    (tmp_path / "modelyard/box.json").write_text(json.dumps(document))
    monkeypatch.setenv("MODELYARD_ROOT", str(tmp_path))
    box = load_box()
    assert (box.artifact, box.source, box.site) == tuple(
        f"{tmp_path}{path}" for path in ("/app/artifact/model.pkl", "/app/src", "/app/site-packages")
    )
    (tmp_path / "modelyard/box.json").write_text(json.dumps(document | {"artifact": None}))
    assert load_box().artifact is None


def test_workers_are_started_by_the_loader(monkeypatch) -> None:
    described = subprocess.run(["ldd", sys.executable], capture_output=True, text=True, check=True).stdout
    loader = next(path for path in re.findall(r"(/\S+) \(0x", described) if "/ld-" in path)
    monkeypatch.setenv("MODELYARD_LOADER", f"{loader}\n--library-path\n/lib:/usr/lib")
    pid, channel = start_worker()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    channel.close()
    subprocess.run(["kill", "-9", str(pid)], check=True)
    assert command[0].decode() == loader
    assert command[3:6] == [b"--argv0", sys.executable.encode(), sys.executable.encode()]
