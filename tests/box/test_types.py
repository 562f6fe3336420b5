"""Every annotation of the design: what a target receives, and what comes out of what it returns."""

import base64
import io
import json

import pytest
from PIL import Image

from box.running import inputs_schema, packages, serving, write_box

FILE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"}
IMAGE = {**FILE, "contentMediaType": "image/*", "x-modelyard": "image"}
RECEIVERS = """
    import dataclasses, datetime, decimal, enum, io, typing, uuid
    from pathlib import Path
    from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, Union
    import numpy as np, numpy.typing as npt, pandas as pd
    import PIL.Image
    from PIL import Image
    from pydantic import BaseModel, Field, field_validator

    class Colour(enum.Enum):
        RED = "red"
        BLUE = "blue"
    class Level(enum.IntEnum):
        LOW = 1
    @dataclasses.dataclass
    class Point:
        x: float
        y: float = 1.0
        when: datetime.date | None = None
        children: "list[Point]" = dataclasses.field(default_factory=list)
    class Options(TypedDict):
        size: int
        ratio: NotRequired[float]
    class Pair(NamedTuple):
        a: int
        b: str = "b"
    class Person(BaseModel):
        name: str = Field(min_length=1)
        age: int
        @field_validator("age")
        @classmethod
        def positive(cls, value):
            if value < 0: raise ValueError("must not be negative")
            return value
    Grams = NewType("Grams", float)
    class Size(enum.Enum):
        SMALL = 1
        PAIR = (1, 2)
        ODD = object()
    Bound = typing.TypeVar("Bound", bound=datetime.date)

    def predict(
        a_int: int = 0, a_float: float = 0, a_bool: bool = False, a_str: str = "",
        a_literal: Literal["a", 1] = "a", an_enum: Colour = Colour.RED, an_int_enum: Level = Level.LOW,
        a_list: list[float] = (), a_nested: list[list[int]] = (), a_tuple: tuple[int, str] = (1, ""),
        a_set: set[int] = frozenset(), a_dict: dict[str, Point] = None, an_optional: int | None = None,
        an_old_optional: Optional[datetime.date] = None, a_union: Union[int, str, list[int]] = 0,
        a_point: Point = None, options: Options = None, a_pair: Pair = None, a_person: Person = None,
        annotated: Annotated[int, Field(ge=1, description="x")] = 1, grams: Grams = 0,
        a_path: Path = None, some_bytes: bytes = b"", an_image: Image.Image = None, module_image: Image = None,
        an_array: np.ndarray = None, ints: npt.NDArray[np.int32] = None, a_table: pd.DataFrame = None,
        a_date: datetime.date = None, a_datetime: datetime.datetime = None, a_decimal: decimal.Decimal = None,
        an_id: uuid.UUID = None, a_size: Size = None, a_scalar: np.float32 = 0, bounded: Bound = None,
        a_time: datetime.time = None, anything: Any = None, unannotated=None,
    ) -> str:
        ((name, value),) = [(k, v) for k, v in locals().items() if v is not predict.__kwdefaults__ and is_given(k, v)]
        if isinstance(value, Path): return f"Path {value.suffix} {value.read_bytes()!r}"
        if isinstance(value, PIL.Image.Image): return f"Image {value.mode} {value.size}"
        if isinstance(value, np.ndarray): return f"ndarray {value.dtype} {value.tolist()}"
        if isinstance(value, pd.DataFrame): return f"DataFrame {value.to_dict('list')}"
        return f"{type(value).__name__} {value!r}"

    import inspect
    DEFAULTS = {p.name: p.default for p in inspect.signature(predict).parameters.values()}
    def is_given(name, value): return value is not DEFAULTS[name]
"""
NAMES = """a_int a_float a_bool a_str a_literal an_enum an_int_enum a_list a_nested a_tuple a_set a_dict an_optional
an_old_optional a_union a_point options a_pair a_person annotated grams a_path some_bytes an_image module_image an_array
ints a_table a_date a_datetime a_decimal an_id a_size a_scalar bounded
a_time anything unannotated""".split()  # noqa: SIM905


def png(size=(3, 2), mode="RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    properties = {name: {} for name in NAMES}
    properties |= {"a_path": FILE, "some_bytes": FILE, "an_image": IMAGE, "module_image": IMAGE}
    inputs = inputs_schema(tuple(NAMES), **properties)
    config = write_box(tmp_path_factory.mktemp("types"), RECEIVERS, inputs=inputs, site=packages())
    with serving(config) as box:
        yield box


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a_int", 5, "int 5"),
        ("a_int", 5.0, "int 5"),
        ("a_float", 5, "float 5.0"),
        ("a_bool", True, "bool True"),
        ("a_str", "ü\u0000\U0001f600", "str 'ü\\x00😀'"),
        ("a_literal", 1, "int 1"),
        ("an_enum", "blue", "Colour <Colour.BLUE: 'blue'>"),
        ("an_enum", "BLUE", "Colour <Colour.BLUE: 'blue'>"),
        ("a_list", [1, 2.5], "list [1.0, 2.5]"),
        ("a_nested", [[1], []], "list [[1], []]"),
        ("a_tuple", [2, "x"], "tuple (2, 'x')"),
        ("a_set", [2, 2], "set {2}"),
        ("an_optional", 4, "int 4"),
        ("an_old_optional", "2024-02-29", "date datetime.date(2024, 2, 29)"),
        ("a_union", "5", "str '5'"),
        ("a_union", [1], "list [1]"),
        ("a_point", {"x": 1}, "Point Point(x=1.0, y=1.0, when=None, children=[])"),
        (
            "a_point",
            {"x": 1, "when": "2024-01-01", "children": [{"x": 2}]},
            "Point Point(x=1.0, y=1.0, when=datetime.date(2024, 1, 1), "
            "children=[Point(x=2.0, y=1.0, when=None, children=[])])",
        ),
        ("a_dict", {"p": {"x": 1}}, "dict {'p': Point(x=1.0, y=1.0, when=None, children=[])}"),
        ("options", {"size": 2, "ratio": 1}, "dict {'size': 2, 'ratio': 1.0}"),
        ("a_pair", {"a": 3}, "Pair Pair(a=3, b='b')"),
        ("a_person", {"name": "n", "age": 3}, "Person Person(name='n', age=3)"),
        ("annotated", 7, "int 7"),
        ("grams", 7, "float 7.0"),
        ("a_path", text64(b"abc"), "Path  b'abc'"),
        ("some_bytes", text64(b"\x00\xff"), "bytes b'\\x00\\xff'"),
        ("some_bytes", "data:text/plain;base64," + text64(b"abc"), "bytes b'abc'"),
        ("an_image", text64(png()), "Image RGB (3, 2)"),
        ("an_image", "data:image/png;base64," + text64(png(mode="L")), "Image L (3, 2)"),
        ("module_image", text64(png()), "Image RGB (3, 2)"),
        ("an_array", [[1.5, 2], [3, 4]], "ndarray float64 [[1.5, 2.0], [3.0, 4.0]]"),
        ("ints", [1, 2], "ndarray int32 [1, 2]"),
        ("a_table", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], "DataFrame {'a': [1, 2], 'b': ['x', 'y']}"),
        ("a_date", "2024-02-29", "date datetime.date(2024, 2, 29)"),
        (
            "a_datetime",
            "2024-02-29T10:00:00Z",
            "datetime datetime.datetime(2024, 2, 29, 10, 0, tzinfo=datetime.timezone.utc)",
        ),
        ("a_decimal", 1.5, "Decimal Decimal('1.5')"),
        ("an_id", "01a1fd4d-1470-75ee-96eb-0bd962b45308", "UUID UUID('01a1fd4d-1470-75ee-96eb-0bd962b45308')"),
        ("a_size", 1.0, "Size <Size.SMALL: 1>"),
        ("a_size", [1, 2], "Size <Size.PAIR: (1, 2)>"),
        ("a_scalar", 0.5, "float32 np.float32(0.5)"),
        ("bounded", "2024-01-01", "date datetime.date(2024, 1, 1)"),
        ("a_time", "10:30", "time datetime.time(10, 30)"),
        ("anything", {"a": [1, None]}, "dict {'a': [1, None]}"),
        ("unannotated", [1, "a"], "list [1, 'a']"),
    ],
)
def test_json_becomes_what_the_annotation_says(receiver, name, value, expected):
    assert receiver.output({name: value}) == expected


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("a_int", "5", "/a_int"),
        ("a_int", True, "/a_int"),
        ("a_int", 2**70, "/a_int"),
        ("a_str", 5, "/a_str"),
        ("a_literal", True, "/a_literal"),
        ("an_enum", "green", "/an_enum"),
        ("a_size", True, "/a_size"),
        ("a_scalar", "x", "/a_scalar"),
        ("a_nested", [[1], ["x"]], "/a_nested/1/0"),
        ("a_tuple", [1], "/a_tuple"),
        ("a_union", {}, "/a_union"),
        ("a_point", {"y": 1}, "/a_point"),
        ("a_point", {"x": 1, "children": [{"x": "1"}]}, "/a_point/children/0/x"),
        ("a_dict", {"a/b": 1}, "/a_dict/a~1b"),
        ("a_person", {"name": "n", "age": -1}, "/a_person/age"),
        ("some_bytes", "not base64!", "/some_bytes"),
        ("some_bytes", "data:text/plain,abc", "/some_bytes"),
        ("an_image", text64(b"not an image"), "/an_image"),
        ("an_image", text64(png((50, 50))[:60]), "/an_image"),
        ("an_array", [[1], [2, 3]], "/an_array"),
        ("ints", ["x"], "/ints"),
        ("a_date", "2024-02-30", "/a_date"),
        ("a_decimal", "x", "/a_decimal"),
        ("an_id", "x", "/an_id"),
    ],
)
def test_what_does_not_convert_is_a_422_that_names_the_field(receiver, name, value, pointer):
    response = receiver.predict({name: value})
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    assert (error["field"], error["pointer"]) == (name, pointer)
    assert receiver.output({"a_int": 1}) == "int 1"


GIVERS = """
    import collections, dataclasses, datetime, decimal, enum, pathlib, tempfile, types, uuid
    import numpy as np, pandas as pd
    from PIL import Image
    from pydantic import BaseModel
    class Colour(enum.Enum):
        RED = "red"
    @dataclasses.dataclass
    class Point:
        x: float
        tag: Colour = Colour.RED
    class Person(BaseModel):
        name: str
        born: datetime.date
    class Odd: pass
    def a_file():
        path = pathlib.Path(tempfile.mkdtemp()) / "f"
        path.write_bytes(b"abc")
        return path
    def endless():
        loop = []
        loop.append(loop)
        return loop
    GIVE = {
        "none": lambda: None, "int": lambda: 2**80, "bool": lambda: True, "str": lambda: "ü",
        "surrogate": lambda: "\\ud800", "nan": lambda: [float("nan"), float("inf"), 1.5],
        "tuple": lambda: (1, "a"), "set": lambda: {1},
        "dict": lambda: {1: "a", Colour.RED: 2, None: 3, np.int64(4): 5},
        "enum": lambda: Colour.RED, "dataclass": lambda: [Point(1.5)],
        "pydantic": lambda: Person(name="n", born="2024-01-02"),
        "date": lambda: datetime.date(2024, 1, 2), "delta": lambda: datetime.timedelta(seconds=1.5),
        "decimal": lambda: decimal.Decimal("1.50"), "uuid": lambda: uuid.UUID(int=1), "bytes": lambda: b"abc",
        "path": a_file, "image": lambda: Image.new("L", (3, 2)), "mapping": lambda: types.MappingProxyType({"a": 1}),
        "np_float": lambda: np.float64(1.5), "np_float32": lambda: np.float32(0.5), "np_bool": lambda: np.bool_(True),
        "np_str": lambda: np.str_("a"), "np_array": lambda: np.array([[1, 2], [3, 4]]), "np_zero": lambda: np.array(5),
        "np_object": lambda: np.array([Point(1.0), None]),
        "np_dates": lambda: np.array(["2024-01-02"], "datetime64[ns]"),
        "np_in_dict": lambda: {"p": np.array([0.5]), "n": np.int64(3)},
        "frame": lambda: pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": pd.to_datetime(["2024-01-02", None])}),
        "series": lambda: pd.Series([1, 2]), "timestamp": lambda: pd.Timestamp("2024-01-02"),
        "na": lambda: [pd.NA, pd.NaT],
        "odd": lambda: {"a": [1, Odd()]}, "complex": lambda: 1j, "function": lambda: len, "endless": endless,
        "lost_file": lambda: pathlib.Path("/nowhere/at/all"), "long": lambda: list(range(100000)),
    }
    def predict(kind: str):
        return GIVE[kind]()
"""


@pytest.fixture(scope="module")
def giver(tmp_path_factory):
    inputs = inputs_schema(kind={"type": "string"})
    with serving(write_box(tmp_path_factory.mktemp("gives"), GIVERS, inputs=inputs, site=packages())) as box:
        yield box


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("none", None),
        ("int", 2**80),
        ("bool", True),
        ("str", "ü"),
        ("surrogate", "\ud800"),
        ("nan", [None, None, 1.5]),
        ("tuple", [1, "a"]),
        ("set", [1]),
        ("dict", {"1": "a", "red": 2, "null": 3, "4": 5}),
        ("enum", "red"),
        ("dataclass", [{"x": 1.5, "tag": "red"}]),
        ("pydantic", {"name": "n", "born": "2024-01-02"}),
        ("date", "2024-01-02"),
        ("delta", 1.5),
        ("decimal", 1.5),
        ("uuid", "00000000-0000-0000-0000-000000000001"),
        ("bytes", text64(b"abc")),
        ("path", text64(b"abc")),
        ("mapping", {"a": 1}),
        ("np_float", 1.5),
        ("np_float32", 0.5),
        ("np_bool", True),
        ("np_str", "a"),
        ("np_array", [[1, 2], [3, 4]]),
        ("np_zero", 5),
        ("np_object", [{"x": 1.0, "tag": "red"}, None]),
        ("np_dates", ["2024-01-02T00:00:00"]),
        ("np_in_dict", {"p": [0.5], "n": 3}),
        ("frame", [{"a": 1, "b": 0.5, "c": "2024-01-02T00:00:00"}, {"a": 2, "b": None, "c": None}]),
        ("series", [1, 2]),
        ("timestamp", "2024-01-02T00:00:00"),
        ("na", [None, None]),
        ("long", list(range(100000))),
    ],
)
def test_a_result_becomes_json(giver, kind, expected):
    assert json.loads(giver.predict({"kind": kind}).content)["output"] == expected


def test_an_image_comes_out_as_png(giver):
    image = Image.open(io.BytesIO(base64.b64decode(giver.output({"kind": "image"}))))
    assert (image.format, image.mode, image.size) == ("PNG", "L", (3, 2))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("odd", ["m.Odd", "/a/1"]),
        ("complex", ["complex"]),
        ("function", ["builtin_function_or_method"]),
        ("endless", ["contains itself"]),
        ("lost_file", ["cannot be read"]),
    ],
)
def test_a_result_without_json_form_is_a_500_that_names_its_type(giver, kind, words):
    response = giver.predict({"kind": kind})
    assert response.status_code == 500
    problem = response.json()
    assert problem["code"] == "result-not-serialisable"
    assert all(word in problem["detail"] for word in words), problem["detail"]
    assert giver.output({"kind": "int"}) == 2**80
