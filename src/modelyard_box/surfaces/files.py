"""Files among an output: base64 text → data URIs, which is what Cog's clients expect of a file."""

from collections.abc import Callable
from typing import Any

_MAGIC = (
    ("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("JVBERi0", "application/pdf"),
    ("UEsDB", "application/zip"), ("UklGR", "application/octet-stream"),
)  # fmt: skip
_Convert = Callable[[Any], Any]


class DataUris:
    """What an output's schema says is a file or an image becomes a data URI; everything else stays."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._definitions = schema.get("$defs", {})
        self._convert = self._converter(schema, 0)

    def convert(self, output: Any) -> Any:
        return output if self._convert is None else self._convert(output)

    def _converter(self, schema: Any, depth: int) -> _Convert | None:
        if not isinstance(schema, dict) or depth > 8:
            return None
        reference = schema.get("$ref", "")
        if reference.startswith("#/$defs/"):
            return self._converter(self._definitions.get(reference.removeprefix("#/$defs/")), depth + 1)
        if schema.get("x-modelyard") in ("file", "image"):
            return _data_uri
        for arm in schema.get("anyOf", ()):
            if (convert := self._converter(arm, depth + 1)) is not None:
                return convert
        item = self._converter(schema.get("items"), depth + 1)
        if item is not None:
            return lambda value: [item(inner) for inner in value] if isinstance(value, list) else value
        return self._members(schema, depth)

    def _members(self, schema: dict[str, Any], depth: int) -> _Convert | None:
        found = {name: self._converter(inner, depth + 1) for name, inner in schema.get("properties", {}).items()}
        converters = {name: convert for name, convert in found.items() if convert is not None}
        if not converters:
            return None

        def convert(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            return {k: converters[k](inner) if k in converters else inner for k, inner in value.items()}

        return convert


def _data_uri(value: Any) -> Any:
    if not isinstance(value, str) or value.startswith(("data:", "http:", "https:")):
        return value
    kind = next((kind for start, kind in _MAGIC if value.startswith(start)), "application/octet-stream")
    return f"data:{kind};base64,{value}"
