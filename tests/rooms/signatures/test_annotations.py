"""Every row of the list of annotations in the design, with values that fit and values that do not."""

# ruff: noqa: E501 (rows of tables)

import jsonschema
import pytest

IMPORTS = """
import datetime
import enum
import pathlib
import typing
import numpy as np
import numpy
import numpy.typing as npt
import pandas as pd
import PIL.Image
import annotated_types as at
from collections.abc import Sequence, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime as moment
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from PIL import Image
from PIL.Image import Image as Picture
from typing import Annotated, Any, Dict, List, Literal, NewType, Optional, Tuple, TypedDict, TypeVar, Union
from typing_extensions import NotRequired
from uuid import UUID
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, conint

class Color(Enum):
    RED = "red"
    BLUE = "blue"
    CRIMSON = "red"

class Level(IntEnum):
    LOW = auto()
    HIGH = auto()

class Word(StrEnum):
    YES = auto()

class Odd(Enum):
    PAIR = (1, 2)

@dataclass
class Point:
    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)
    _cache: int = field(init=False)

class Options(TypedDict, total=False):
    depth: typing.Required[int]
    name: str

class Full(TypedDict):
    depth: int
    name: NotRequired[str]

class Patient(BaseModel):
    model_config = ConfigDict(extra="forbid")
    age: Annotated[int, Field(ge=0, le=130)]
    name: str = Field(default="", max_length=5)
    kind: Color = Color.RED
    old_name: str = Field("x", alias="oldName")

class Tree(BaseModel):
    children: list["Tree"] = []

Kind = Literal["a", "b"]
More = Literal[Kind, "c"]
Age = NewType("Age", int)
N = TypeVar("N", int, str)
Share = Annotated[float, Field(ge=0, le=1)]
"""

ROWS = [
    ("int", [1], [1.5, "1", None, True]),
    ("float", [1, 1.5], ["1", None]),
    ("str", ["a"], [1]),
    ("bool", [True], [1, "true"]),
    ("Any", [None, 1], []),
    ("Literal['a', 1, None]", ["a", 1, None], ["b", 2]),
    ("Literal[-1, 0, 1]", [-1], [2]),
    ("Literal[Color.RED]", ["red"], ["blue"]),
    ("Kind", ["a"], ["c"]),
    ("More", ["a", "c"], ["d"]),
    ("Color", ["red", "blue"], ["RED", "green"]),
    ("Level", [1, 2], [3, "LOW"]),
    ("Word", ["yes"], ["YES"]),
    ("Odd", ["PAIR"], [[1, 2]]),
    ("list[int]", [[], [1]], [["a"], 1]),
    ("List[int]", [[1]], [["a"]]),
    ("list", [[1, "a"]], [1]),
    ("Sequence[Color]", [["red"]], [["x"]]),
    ("set[int]", [[1, 2]], [[1, 1]]),
    ("tuple[int, str]", [[1, "a"]], [[1], ["a", 1], [1, "a", 2]]),
    ("Tuple[int, ...]", [[], [1, 2]], [["a"]]),
    ("tuple[()]", [[]], [[1]]),
    ("dict[str, float]", [{"a": 1}], [{"a": "b"}, []]),
    ("Dict[str, list[int]]", [{"a": [1]}], [{"a": 1}]),
    ("Mapping[Kind, int]", [{"a": 1}], [{"z": 1}]),
    ("dict[int, str]", [{"-1": "a"}], [{"x": "a"}]),
    ("dict", [{"a": 1}], [1]),
    ("int | None", [1, None], ["a"]),
    ("Optional[int]", [1, None], ["a"]),
    ("Union[int, str]", [1, "a"], [None, 1.5]),
    ("int | str | None", [1, "a", None], [1.5]),
    ("'int | None'", [1, None], ["a"]),
    ("Point", [{"x": 1}, {"x": 1, "y": 2, "tags": ["a"]}], [{}, {"x": "a"}, {"x": 1, "z": 1}, {"x": 1, "_cache": 1}]),
    ("Options", [{"depth": 1}, {"depth": 1, "name": "n"}], [{}, {"depth": 1, "other": 1}]),
    ("Full", [{"depth": 1}], [{"name": "a"}]),
    ("Patient", [{"age": 3}, {"age": 3, "oldName": "y"}], [{"age": -1}, {"age": 1, "name": "toolong"}, {"age": 1, "b": 1}]),
    ("Tree", [{"children": [{"children": []}]}], [{"children": [1]}]),
    ("list[Point]", [[{"x": 1}]], [[{}]]),
    ("Annotated[int, Field(ge=0, lt=10, multiple_of=2)]", [0, 8], [-2, 10, 3]),
    ("Annotated[float, Field(gt=0, le=1)]", [0.5, 1], [0, 1.1]),
    ("Annotated[str, Field(min_length=2, max_length=3, pattern='^a')]", ["ab"], ["a", "abcd", "ba"]),
    ("Annotated[list[int], Field(min_length=1)]", [[1]], [[]]),
    ("Annotated[int | None, Field(ge=0)]", [None, 0], [-1]),
    ("Annotated[int, at.Ge(1), at.Le(2)]", [1, 2], [0, 3]),
    ("Annotated[int, at.Interval(gt=0, lt=5)]", [1], [0, 5]),
    ("Annotated[str, at.Len(1, 2)]", ["a"], ["", "abc"]),
    ("Share", [0.5], [2]),
    ("Age", [1], ["a"]),
    ("N", [1, "a"], [1.5]),
    ("PositiveInt", [1], [0]),
    ("conint(ge=3)", [3], [2]),
    ("np.float32", [1.5], ["a"]),
    ("numpy.int64", [1], [1.5]),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "good", "bad"), ROWS, ids=[row[0] for row in ROWS])
def test_annotation(read, annotation, good, bad):
    signature = read(f"{IMPORTS}\ndef predict(value: {annotation}) -> None: ...")
    assert signature.notes == ()
    assert signature.inputs["required"] == ["value"]
    validator = jsonschema.Draft202012Validator(signature.inputs)
    for value in good:
        assert validator.is_valid({"value": value}), value
    for value in bad:
        assert not validator.is_valid({"value": value}), value


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("Path", "file"),
        ("pathlib.Path", "file"),
        ("bytes", "file"),
        ("Image.Image", "image"),
        ("Picture", "image"),
        ("PIL.Image.Image", "image"),
        ("Image", "image"),
        ("np.ndarray", "array"),
        ("numpy.ndarray", "array"),
        ("np.ndarray[Any, Any]", "array"),
        ("npt.NDArray[np.float64]", "array"),
        ("pd.DataFrame", "table"),
    ],
)
def test_kinds_beyond_json(read, annotation, kind):
    schema = read(f"{IMPORTS}\ndef predict(value: {annotation}): ...").inputs["properties"]["value"]
    assert schema["x-modelyard"] == kind
    if kind in {"file", "image"}:
        assert schema["type"] == "string"
        assert schema["contentEncoding"] == "base64"
    if kind == "image":
        assert schema["contentMediaType"] == "image/*"
    if kind == "table":
        assert schema["items"] == {"type": "object"}


@pytest.mark.parametrize(
    ("annotation", "format"),
    [("date", "date"), ("datetime.date", "date"), ("moment", "date-time"), ("datetime.datetime", "date-time"), ("UUID", "uuid")],
)  # fmt: skip
def test_formats(read, annotation, format):
    source = f"{IMPORTS}\ndef predict(value: {annotation}): ..."
    assert read(source).inputs["properties"]["value"] == {"type": "string", "format": format}


def test_later_annotations_are_read(read):
    source = "from __future__ import annotations\ndef predict(value: 'list[Later]'): ...\nLater = int"
    assert read(source).inputs["properties"]["value"] == {"type": "array", "items": {"type": "integer"}}


def test_names_are_followed_through_modules_and_aliases(read):
    signature = read(
        "from lib import types as t\nimport lib.shapes\ndef predict(a: t.Kind, b: lib.shapes.Box, c: t.Arr): ...",
        files={
            "lib/__init__.py": "",
            "lib/types.py": "import typing as ty\nfrom numpy import ndarray as Arr\nKind = ty.Literal['x']\n",
            "lib/shapes.py": "from dataclasses import dataclass as dc\n@dc(frozen=True)\nclass Box:\n    w: 'int'\n",
        },
    )
    properties = signature.inputs["properties"]
    assert properties["a"] == {"enum": ["x"]}
    assert properties["b"] == {"$ref": "#/$defs/Box"}
    assert properties["c"]["x-modelyard"] == "array"
    assert signature.inputs["$defs"]["Box"]["properties"] == {"w": {"type": "integer"}}


def test_two_classes_of_one_name(read):
    source = """
        from dataclasses import dataclass
        import other
        @dataclass
        class Box:
            a: int
        def predict(x: Box, y: other.Box): ...
    """
    inputs = read(
        source, files={"other.py": "import dataclasses\n@dataclasses.dataclass\nclass Box:\n    b: str\n"}
    ).inputs
    assert inputs["properties"] == {"x": {"$ref": "#/$defs/Box"}, "y": {"$ref": "#/$defs/Box_2"}}
    assert list(inputs["$defs"]["Box_2"]["properties"]) == ["b"]


def test_inherited_fields_come_first(read):
    source = """
        from dataclasses import dataclass
        from pydantic import BaseModel
        @dataclass
        class A:
            a: int
        @dataclass
        class B(A):
            b: int = 2
        class P(BaseModel):
            a: int
        class Q(P):
            a: str
            b: int
        def predict(x: B, y: Q): ...
    """
    defs = read(source).inputs["$defs"]
    assert list(defs["B"]["properties"]) == ["a", "b"]
    assert defs["B"]["required"] == ["a"]
    assert defs["Q"]["properties"] == {"a": {"type": "string"}, "b": {"type": "integer"}}


def test_conditional_imports_take_the_first(read):
    source = """
        from typing import TYPE_CHECKING
        try:
            from typing import Literal
        except ImportError:
            Literal = None
        if TYPE_CHECKING:
            from numpy import ndarray
        def predict(a: Literal["x"], b: "ndarray"): ...
    """
    properties = read(source).inputs["properties"]
    assert properties["a"] == {"enum": ["x"]}
    assert properties["b"]["x-modelyard"] == "array"


def test_star_import_of_typing(read):
    assert read("from typing import *\ndef predict(a: Optional[int]): ...").inputs["properties"]["a"]["anyOf"]


@pytest.mark.parametrize(
    "annotation", ["torch.Tensor", "Missing", "Callable[[int], int]", "1 + 2", "f()", "'not a type ('", "complex"]
)
def test_unknown_types_are_permissive_with_a_note(read, annotation):
    signature = read(f"import torch\nfrom typing import Callable\ndef predict(value: {annotation}): ...")
    assert signature.inputs["properties"]["value"] == {}
    assert any('"value"' in note for note in signature.notes)


def test_constraint_that_no_form_can_show_is_noted(read):
    source = "from pydantic import Field\nfrom typing import Annotated\n"
    signature = read(source + "def predict(a: Annotated[str, Field(pattern=r'(?P<y>\\d+)', ge=3)]): ...")
    assert signature.inputs["properties"]["a"] == {"type": "string"}
    assert [word for word in ("pattern", "ge") if any(f'"{word}"' in note for note in signature.notes)] == [
        "pattern",
        "ge",
    ]


def test_titles_descriptions_and_examples(read):
    source = """
        from typing import Annotated
        from pydantic import Field
        from typing_extensions import Doc
        def predict(
            a: Annotated[int, Field(title="Age", description="in years", examples=[3, 4])],
            b: Annotated[int, Doc("a document")],
            c: Annotated[int, "just text"],
        ): ...
    """
    properties = read(source).inputs["properties"]
    assert properties["a"] == {"type": "integer", "title": "Age", "description": "in years", "examples": [3, 4]}
    assert properties["b"]["description"] == "a document"
    assert properties["c"]["description"] == "just text"
