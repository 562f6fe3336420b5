"""Where an engine cannot change the root: paths below another folder, workers started by a loader."""

import json
import os
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


def test_workers_are_started_by_the_loader(tmp_path: Path, monkeypatch) -> None:
    loader, told = tmp_path / "loader", tmp_path / "told"
    loader.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n')
    loader.chmod(0o755)
    monkeypatch.setenv("MODELYARD_LOADER", f"{loader}\n--library-path\n/some where:/else")
    pid, channel = start_worker()
    os.waitpid(pid, 0)
    channel.close()
    words = told.read_text().splitlines()
    assert words[:5] == ["--library-path", "/some where:/else", "--argv0", sys.executable, sys.executable]
    assert words[-1] == "worker"
