"""The words that other rooms use: target and signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
"""A JSON Schema (2020-12) as parsed JSON."""


@dataclass(frozen=True, slots=True)
class Target:
    """The function that predicts: ``module:function`` or ``module:Class.function``. Well formed: ``rules`` makes it."""

    module: str
    function: str
    class_name: str | None = None

    def __str__(self) -> str:
        name = f"{self.class_name}.{self.function}" if self.class_name else self.function
        return f"{self.module}:{name}"

    def to_json(self) -> dict[str, str | None]:
        """The form of ``box.json``."""
        return {"module": self.module, "class": self.class_name, "function": self.function}


@dataclass(frozen=True, slots=True)
class Signature:
    """What a target takes and gives, as JSON Schema.

    ``inputs`` is an object schema whose properties stand in parameter order (with its ``$defs``); ``output`` is a
    document of its own. With ``streams`` the target yields items and ``output`` describes one. ``notes`` are sentences
    for the author: what could not be read, and how to get a better form.
    """

    inputs: Schema
    output: Schema
    streams: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"inputs": self.inputs, "output": self.output, "streams": self.streams, "notes": list(self.notes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Signature":
        """Reads what ``to_json`` wrote; KeyError on anything else."""
        return cls(data["inputs"], data["output"], bool(data["streams"]), tuple(data["notes"]))


PERMISSIVE_INPUTS: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": True}
