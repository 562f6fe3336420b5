"""Operations over HTTP: a typed script becomes an image that follows the contract of runs."""

from pathlib import Path
from typing import Any

import pytest

from rooms.versions.tiny import Author, author
from support.containers import run_version
from support.server import Server

SCRIPT = '''"""Turns texts around."""

from pathlib import Path
from typing import Annotated

from pydantic import Field


def turn(texts: Path, output: Path, *, times: Annotated[int, Field(ge=0, le=3)] = 1) -> dict:
    """Turns each file around.

    Args:
        texts: Files of text.
        times: How often.
    """
    names = sorted(p.name for p in texts.iterdir())
    for number, name in enumerate(names, 1):
        text = (texts / name).read_text()
        (output / name).write_text(text[::-1] if times % 2 else text)
        print(f"progress: {number / len(names)} {name}")
    return {"files": len(names), "times": times}
'''
PLAIN = SCRIPT.replace("from pydantic import Field\n", "").replace("Annotated[int, Field(ge=0, le=3)]", "int")


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    mine = author(site, tmp_path, name="unused")
    mine.client.create_repository(f"{mine.username}/turn", kind="operation")
    return Author(**mine.__dict__ | {"name": "turn"})


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("abc")
    (folder / "b.txt").write_text("äöü")
    return folder


def push_script(me: Author, script: str = PLAIN, *, name: str = "turn.py", **parts: bytes) -> dict[str, Any]:
    """Pushes a script alone, or with parts."""
    files = {part: me.file(f"{part}.txt", content) for part, content in parts.items()}
    return me.client.push_parts(me.address, source=me.file(name, script.encode()), **files)


def test_a_script_alone_becomes_an_operation_that_runs(me: Author, texts: Path, tmp_path: Path) -> None:
    version = me.ready(push_script(me))
    assert version["operation"] == {
        "kind": "operation", "origin": "script", "options": False, "published": True, "outdated": False,
    }  # fmt: skip
    inputs = version["signature"]["inputs"]
    assert inputs["properties"]["texts"] == {
        "type": "string", "x-modelyard": "files", "description": "Files of text.",
    }  # fmt: skip
    assert inputs["required"] == ["texts"]
    assert list(inputs["properties"]) == ["texts", "times"]
    ran = run_version(me.server, version, tmp_path, inputs={"texts": texts}, params={"times": 3})
    assert (ran.exit_code, ran.result) == (0, {"files": 2, "times": 3}), ran.log
    assert (ran.out / "b.txt").read_text() == "üöä"
    assert ran.log == "progress: 0.5 a.txt\nprogress: 1.0 b.txt\n"
