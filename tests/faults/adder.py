"""A model without requirements or artifact, whose versions build in about a second; it can be told to load slowly."""

import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard_client import Client

YAML = 'predict: "adder:add"\ntitle: Adder\n'
CODE = '''"""Adds."""

{before}
def add(left: float, right: float = {right}) -> float:
    """Adds two numbers."""
    return left + right
'''
SLOW = "import time\n\ntime.sleep({seconds})\n\n"


def archive(*, right: float = 1.5, load_seconds: float = 0) -> bytes:
    """The zip of a push; ``right`` tells versions apart, ``load_seconds`` is how long its import takes."""
    before = SLOW.format(seconds=load_seconds) if load_seconds else ""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("modelyard.yaml", YAML)
        target.writestr("adder.py", CODE.format(before=before, right=right))
    return made.getvalue()


def push(client: Client, address: str, *, right: float = 1.5, load_seconds: float = 0) -> Mapping[str, Any]:
    """Pushes a version and returns it as it was acknowledged."""
    if client.find_repository(address) is None:
        client.create_repository(address)
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(archive(right=right, load_seconds=load_seconds))
        file.flush()
        return client.push_archive(address, Path(file.name))


def follow(client: Client, address: str, number: int) -> Mapping[str, Any]:
    """Waits for the end of the build and returns the version."""
    for event in client.follow_build(address, number):
        if event.name == "end":
            return event.data
    raise AssertionError("the build's events ended without an end")
