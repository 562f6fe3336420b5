"""The digits example as tests use it: trained once per run, pushed by the client that people use."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from modelyard_client import Client
from support import session

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"


def parts() -> dict[str, Path]:
    """The four files of the push (A3)."""
    folder = Path(session.shared("digits", _train)["folder"])
    names = {"source": "source.zip", "artifact": "model.pkl", "requirements": "requirements.txt"}
    return {name: folder / file for name, file in (names | {"config": "config.json"}).items()}


def held_out() -> tuple[list[Any], list[int]]:
    """360 images that the model has not seen, and what they show."""
    data = json.loads((parts()["source"].parent / "held_out.json").read_text())
    return data["images"], data["labels"]


def push(server: Any, token: str, *, name: str = "digits", visibility: str = "private") -> dict[str, Any]:
    """Pushes the example as the token's account and waits until it is ready; returns the version."""
    with Client(server.url, token=token) as client:
        owner = client.get_session()["account"]["username"]
        address = f"{owner}/{name}"
        if client.find_repository(address) is None:
            client.create_repository(address, visibility=visibility)
        version = client.push_parts(address, **parts())
        for event in client.follow_build(address, version["number"]):
            if event.name == "end":
                version = event.data
        assert version["state"] == "ready", version
        return version | {"address": address}


def _train(folder: Path) -> dict[str, Any]:
    subprocess.run([sys.executable, str(EXAMPLE / "train.py"), str(folder)], check=True, capture_output=True)
    return {"folder": str(folder)}
