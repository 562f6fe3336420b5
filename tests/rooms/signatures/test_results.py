"""What a function returns: kinds, class probabilities, streams."""

import pytest


def test_probabilities(read):
    output = read("def predict(a: int) -> dict[str, float]: ...").output
    assert output == {"type": "object", "additionalProperties": {"type": "number"}, "x-modelyard": "probabilities"}


def test_other_mappings_are_no_probabilities(read):
    assert "x-modelyard" not in read("def predict(a: int) -> dict[str, int]: ...").output


def test_probabilities_are_a_kind_of_result_only(read):
    assert "x-modelyard" not in read("def predict(a: dict[str, float]): ...").inputs["properties"]["a"]


@pytest.mark.parametrize(
    "wrapper", ["Iterator[int]", "Generator[int, None, None]", "Iterable[int]", "AsyncIterator[int]", "'Iterator[int]'"]
)
def test_streams(read, wrapper):
    names = "Iterator, Generator, Iterable, AsyncIterator"
    signature = read(f"from collections.abc import {names}\ndef predict(a: int) -> {wrapper}: ...")
    assert signature.streams
    assert signature.output == {"type": "integer"}


def test_bare_stream_and_unannotated_generator(read):
    assert read("import typing\ndef predict(a: int) -> typing.Iterator: ...").streams
    assert read("def predict(a: int):\n    for i in range(a):\n        yield i").streams
    assert not read("def predict(a: int):\n    def inner():\n        yield 1\n    return list(inner())").streams


def test_coroutine_gives_its_result(read):
    signature = read("async def predict(a: int) -> str: ...")
    assert (signature.output, signature.streams) == ({"type": "string"}, False)
    assert read("from typing import Awaitable\ndef predict() -> Awaitable[int]: ...").output == {"type": "integer"}


def test_output_is_a_document_of_its_own(read):
    source = """
        from dataclasses import dataclass
        @dataclass
        class Box:
            a: "list[Box]"
        def predict(x: Box) -> Box: ...
    """
    signature = read(source)
    assert signature.output["$ref"] == "#/$defs/Box"
    assert signature.output["$defs"] == signature.inputs["$defs"]


def test_image_result(read):
    output = read("from PIL import Image\ndef predict(a: int) -> Image.Image: ...").output
    assert output["x-modelyard"] == "image"


def test_unknown_result_is_noted(read):
    signature = read("import torch\ndef predict(a: int) -> torch.Tensor: ...")
    assert signature.output == {}
    assert "torch.Tensor" in signature.notes[0]
