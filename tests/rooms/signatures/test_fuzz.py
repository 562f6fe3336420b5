"""Sources that nobody would write: read, or refused with an error of ours."""

import contextlib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.signatures import service
from modelyard.rooms.signatures.schemas import Signature

SEED = '''
from __future__ import annotations
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypedDict
from PIL import Image
from pydantic import BaseModel, Field
from n import Base, helper as other, *

class Color(enum.Enum):
    RED = "red"
    BLUE = enum.auto()

@dataclass
class Point(Base):
    x: float = 0.5
    tags: list[Point] = field(default_factory=list)

class Options(TypedDict, total=False):
    depth: int

class Patient(BaseModel):
    age: Annotated[int, Field(ge=0, le=130, description="years")] = Field(3, alias="a")

Kind = Literal["a", "b", -1, Color.RED]
LIMIT = 10 * 1024

class C(Base):
    def predict(self, a: Kind | None = None, *, b: Point, c: Options = {"depth": LIMIT}, d: Patient,
                e: tuple[int, ...] = (1, 2), f: Image.Image, g: dict[Kind, float], **kw: int
    ) -> Iterator[dict[str, float]]:
        """Predict.

        Args:
            a: the kind
        """
        yield {}
'''
PIECES = sorted(
    {*SEED.split(), "|", "[", "]", "(", ")", "*", ",", ":", "=", "'", '"', "\n", "    ", "None", "...", "\x00", "é"}
)


@pytest.mark.soak
def test_mutated_sources_are_read_or_refused(tmp_path: Path, soak: bool):
    (tmp_path / "n.py").write_text("from m import *\nfrom m import C as Base\nhelper = Base.predict\n")

    @settings(max_examples=20_000 if soak else 300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        edits=st.lists(
            st.tuples(st.integers(0, len(SEED)), st.integers(0, 12), st.sampled_from(["", *PIECES])), max_size=5
        ),
        target=st.sampled_from(["m:C.predict", "m:other", "m:Point.predict", "n:helper", "m:Color", "n:Base.x"]),
        has_model=st.booleans(),
    )
    def check(edits: list[tuple[int, int, str]], target: str, has_model: bool) -> None:
        text = SEED
        for at, length, piece in edits:
            text = text[:at] + piece + text[at + length :]
        (tmp_path / "m.py").write_text(text)
        with contextlib.suppress(ModelyardError):
            signature = service.read_signature(tmp_path, service.parse_target(target), has_model=has_model)
            jsonschema.Draft202012Validator.check_schema(signature.inputs)
            jsonschema.Draft202012Validator.check_schema(signature.output)
            assert Signature.from_json(signature.to_json()) == signature

    check()
