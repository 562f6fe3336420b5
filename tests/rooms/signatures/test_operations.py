"""Signatures of operations: which parameters are inputs, and what is refused."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from modelyard.rooms.signatures import service
from modelyard.rooms.signatures.errors import SignatureUnsupported, TargetMissing
from modelyard.rooms.signatures.schemas import Signature, Target

HEAD = """
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional
import pandas as pd
from PIL import Image
from pydantic import DirectoryPath, Field, FilePath

@dataclass
class Inner:
    file: Path
"""


def read(folder: Path, function: str) -> Signature:
    (folder / "m.py").write_text(HEAD + textwrap.dedent(function))
    return service.read_operation(folder, Target("m", "f"))


def given(kind: str, **words: Any) -> dict[str, Any]:
    return {"type": "string", "x-modelyard": kind, **words}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("Path", given("files")),
        ("DirectoryPath", given("files")),
        ("FilePath", given("file")),
        ("bytes", given("file")),
        ("Image.Image", given("image")),
        ("pd.DataFrame", given("table")),
        ("Path | None", given("files")),
        ("Optional[FilePath]", given("file")),
        ("list[Path]", given("files")),
        ("list[Image.Image]", given("files")),
        ('Annotated[Path, Field(json_schema_extra={"x-modelyard": "table"})]', given("table")),
        ('Annotated[FilePath, Field(description="A scan.")]', given("file", description="A scan.")),
        ('Annotated[Path, Field(json_schema_extra={"x-modelyard": "planet"})]', given("files")),
        ("Annotated[int, Field(ge=0, le=360)]", {"type": "integer", "minimum": 0, "maximum": 360}),
        ("int", {"type": "integer"}),
        ("str", {"type": "string"}),
    ],
)
def test_what_is_an_input_and_what_a_parameter(tmp_path: Path, annotation: str, schema: dict[str, Any]) -> None:
    signature = read(tmp_path, f"def f(given: {annotation}, output: Path) -> dict: ...")
    assert signature.inputs["properties"] == {"given": schema}
    assert signature.inputs["required"] == ["given"]
    assert signature.notes == ()


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    source = '''
    def f(images: Path, output: Path, *, angle: Annotated[int, Field(ge=0, le=360)] = 90) -> None:
        """Turns images.

        Args:
            images: What is turned.
            angle: In degrees.
        """
    '''
    assert read(tmp_path, source).inputs == {
        "type": "object",
        "description": "Turns images.",
        "properties": {
            "images": given("files", description="What is turned."),
            "angle": {"type": "integer", "minimum": 0, "maximum": 360, "description": "In degrees.", "default": 90},
        },
        "required": ["images"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("output", ["output: Path", "out: Path", "output: str", "output", "output: DirectoryPath"])
def test_the_folder_for_results_is_no_input(tmp_path: Path, output: str) -> None:
    assert list(read(tmp_path, f"def f({output}, *, out_of: int = 1): ...").inputs["properties"]) == ["out_of"]


def test_optional_inputs_need_not_be_given(tmp_path: Path) -> None:
    inputs = read(tmp_path, "def f(mask: Path = None, *, table: FilePath | None = None) -> dict: ...").inputs
    assert inputs["properties"] == {"mask": given("files"), "table": given("file")}
    assert inputs["required"] == []


def test_notes_say_what_is_lost(tmp_path: Path) -> None:
    assert "is not kept" in read(tmp_path, "def f(output: Path) -> int: ...").notes[0]
    assert "no parameter output" in read(tmp_path, "def f(n: int) -> None: ...").notes[0]
    for kept in ("def f(n: int) -> Iterator[dict]:\n    yield {}", "def f(n: int) -> dict: ..."):
        assert read(tmp_path, kept).notes == ()
    assert read(tmp_path, "def f(n: int) -> Iterator[dict]:\n    yield {}").streams


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("def f(inner: Inner): ...", "Files are asked for inside a class"),
        ("def f(files: dict[str, Path]): ...", 'inside the parameter "files"'),
        ("def f(either: Path | int): ...", 'inside the parameter "either"'),
        ("def f(output: int): ...", "its type is no path"),
        ("def f(a: Path, /): ...", "positional-only"),
    ],
)
def test_refused_with_the_reason(tmp_path: Path, function: str, said: str) -> None:
    with pytest.raises(SignatureUnsupported, match=said):
        read(tmp_path, function)


def test_an_absent_function_is_named(tmp_path: Path) -> None:
    with pytest.raises(TargetMissing, match="no function f"):
        read(tmp_path, "def g(): ...")
