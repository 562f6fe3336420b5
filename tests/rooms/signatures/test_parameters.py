"""Parameters: order, defaults, what takes the model, descriptions, what can never be called."""

# ruff: noqa: E501 (rows of tables)

import pytest

from modelyard.rooms.signatures.errors import SignatureUnsupported


def test_order_and_required(read):
    signature = read("def predict(z: int, a: int = 1, *, m: int, b: int = 2): ...")
    assert list(signature.inputs["properties"]) == ["z", "a", "m", "b"]
    assert signature.inputs["required"] == ["z", "m"]
    assert signature.inputs["additionalProperties"] is False


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("int = 3", 3),
        ("float = -1.5", -1.5),
        ("float = +2", 2),
        ("int = 10 * 1024 - 1", 10239),
        ("str = 'ä'", "ä"),
        ("bool = True", True),
        ("list = [1, 'a', [2]]", [1, "a", [2]]),
        ("tuple = (1, 2)", [1, 2]),
        ("dict = {'a': None}", {"a": None}),
        ("int = LIMIT", 7),
        ("Color = Color.RED", "red"),
        ("str = Color.RED.value", "red"),
        ("Color = Color.ALIAS", "red"),
        ("int = Field(4, ge=0)", 4),
        ("int = Field(default=4)", 4),
        ("Annotated[int, Field(default=4)]", 4),
        ("float = config.RATE", 0.5),
    ],
)
def test_defaults(read, source, value):
    preface = """
from enum import Enum
from typing import Annotated
from pydantic import Field
import config
LIMIT = 7
class Color(Enum):
    RED = "red"
    ALIAS = "red"
"""
    signature = read(f"{preface}def predict(a: {source}): ...", files={"config.py": "RATE = 0.5"})
    assert signature.inputs["properties"]["a"]["default"] == value
    assert signature.inputs["required"] == []


@pytest.mark.parametrize(
    "source", ["object()", "b'x'", "float('inf')", "1e999", "f()", "2j", "[x for x in y]", "10 ** 9", "1 / 0"]
)
def test_defaults_that_json_cannot_say(read, source):
    signature = read(f"def predict(a: int = {source}): ...")
    assert "default" not in signature.inputs["properties"]["a"]
    assert signature.inputs["required"] == []


def test_field_without_default_is_required(read):
    source = "from pydantic import Field\ndef predict(a: int = Field(..., ge=1), b: int = Field(ge=2)): ..."
    signature = read(source)
    assert signature.inputs["required"] == ["a", "b"]
    assert signature.inputs["properties"] == {
        "a": {"type": "integer", "minimum": 1},
        "b": {"type": "integer", "minimum": 2},
    }


def test_default_none_makes_it_nullable(read):
    properties = read("def predict(a: int = None, b: int | None = None, c=None): ...").inputs["properties"]
    assert properties["a"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    assert properties["b"] == properties["a"]
    assert properties["c"] == {"default": None}


def test_first_parameter_takes_the_model(read):
    source = "def predict(model, a: int): ..."
    assert list(read(source, has_model=True).inputs["properties"]) == ["a"]
    assert list(read(source).inputs["properties"]) == ["model", "a"]


def test_model_may_be_positional_only(read):
    assert list(read("def predict(model, /, a: int): ...", has_model=True).inputs["properties"]) == ["a"]


def test_class_takes_the_model_itself(read):
    source = "class C:\n    def __init__(self, model): ...\n    def predict(self, a: int): ..."
    assert list(read(source, "m:C.predict", has_model=True).inputs["properties"]) == ["a"]


def test_static_and_class_methods(read):
    source = """
        class C:
            @staticmethod
            def plain(a: int): ...
            @classmethod
            def bound(cls, a: int): ...
    """
    for name in ("plain", "bound"):
        signature = read(source, f"m:C.{name}")
        assert list(signature.inputs["properties"]) == ["a"]
        assert signature.notes == ()


def test_further_inputs(read):
    assert read("def predict(**options): ...").inputs["additionalProperties"] is True
    assert read("def predict(*args, a: int, **o: int): ...").inputs["additionalProperties"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("source", "has_model", "words"),
    [
        ("def predict(a, /): ...", False, "positional-only"),
        ("def predict(): ...", True, "the model"),
        ("def predict(*, model): ...", True, "the model"),
    ],
)
def test_never_callable(read, source, has_model, words):
    with pytest.raises(SignatureUnsupported) as e:
        read(source, has_model=has_model)
    assert words in e.value.detail
    assert "m.py:1" in e.value.detail
    assert e.value.remedy


def test_varargs_may_take_the_model(read):
    assert read("def predict(*args): ...", has_model=True).inputs["properties"] == {}


def test_unannotated_is_permissive_with_a_note(read):
    signature = read("def predict(model, a, b=1): ...", has_model=True)
    assert signature.inputs["properties"] == {"a": {}, "b": {"default": 1}}
    assert signature.inputs["required"] == ["a"]
    assert '"a", "b"' in signature.notes[0]
    assert "a: float" in signature.notes[0]


@pytest.mark.parametrize(
    "docstring",
    [
        "Predict.\n\nArgs:\n    a: the age\n      in years\n\nReturns:\n    the score\n",
        "Predict.\n\nParameters\n----------\na : int\n    the age\n    in years\n\nReturns\n-------\nfloat\n    the score\n",
        "Predict.\n\n:param a: the age\n    in years\n:returns: the score\n",
    ],
    ids=["google", "numpy", "rest"],
)
def test_docstrings(read, docstring):
    body = "\n".join("    " + line for line in docstring.splitlines())
    signature = read(f'def predict(a: int) -> float:\n    """\n{body}\n    """')
    assert signature.inputs["description"] == "Predict."
    assert signature.inputs["properties"]["a"]["description"] == "the age in years"
    assert signature.output["description"] == "the score"


def test_field_description_stands_over_the_docstring(read):
    source = '''
        from pydantic import Field
        from typing import Annotated
        def predict(a: Annotated[int, Field(description="from field")]):
            """Predict.

            Args:
                a: from docstring
            """
    '''
    assert read(source).inputs["properties"]["a"]["description"] == "from field"


def test_class_docstring_describes_fields(read):
    source = '''
        from dataclasses import dataclass
        @dataclass
        class P:
            """A point.

            Attributes:
                x: to the right
            """
            x: int
        def predict(p: P): ...
    '''
    point = read(source).inputs["$defs"]["P"]
    assert point["description"] == "A point."
    assert point["properties"]["x"]["description"] == "to the right"


def test_decorators_that_may_change_parameters_are_noted(read):
    assert "@app.task" in read("import app\n@app.task()\ndef predict(a: int): ...").notes[0]
    assert read("import torch\n@torch.no_grad()\ndef predict(a: int): ...").notes == ()


def test_overloads_give_the_implementation(read):
    source = """
        from typing import overload
        @overload
        def predict(a: int): ...
        @overload
        def predict(a: str): ...
        def predict(a: int | str): ...
    """
    assert len(read(source).inputs["properties"]["a"]["anyOf"]) == 2


@pytest.mark.parametrize(
    "annotation",
    ["list[" * 60 + "int" + "]" * 60, f"Union[{', '.join(f'list[{i}]' for i in range(6000))}]", "A0", "Json"],
    ids=["deep", "wide", "exponential", "endless"],
)
def test_types_too_large(read, annotation):
    aliases = "".join(f"A{i} = tuple[A{i + 1}, A{i + 1}, A{i + 1}, A{i + 1}]\n" for i in range(12)) + "A12 = int\n"
    aliases += "Json = Union[int, dict[str, 'Json'], list['Json']]\n"
    signature = read(f"from typing import Union\n{aliases}def predict(a: {annotation}, b: int): ...")
    assert signature.inputs["properties"] == {"a": {}, "b": {"type": "integer"}}
    assert "too large" in signature.notes[-1]


def test_signature_too_large(read):
    choices = ", ".join(repr("é" * 30 + str(i)) for i in range(2500))
    signature = read(f"from typing import Literal\ndef predict(a: Literal[{choices}]): ...")
    assert signature.inputs["additionalProperties"] is True
    assert "256 KiB" in signature.notes[0]


def test_work_is_bounded(read):
    big = "BIG = [" + "1," * 9000 + "]\n"
    parameters = ", ".join(f"a{i}: list = BIG" for i in range(3000))
    assert "too long" in read(f"{big}def predict({parameters}): ...").notes[0]


def test_many_choices(read):
    members = "\n".join(f"    M{i} = {i}" for i in range(10_000))
    schema = read(f"from enum import Enum\nclass E(Enum):\n{members}\ndef predict(e: E = E.M5): ...").inputs
    assert len(schema["properties"]["e"]["enum"]) == 10_000
    assert schema["properties"]["e"]["default"] == 5
