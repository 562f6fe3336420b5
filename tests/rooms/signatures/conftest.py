import textwrap
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from modelyard.rooms.signatures import service
from modelyard.rooms.signatures.schemas import Signature

Read = Callable[..., Signature]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes modules (``m`` by default) and reads a target of them; what comes out is always valid JSON Schema."""

    def read_source(source: str = "", target: str = "m:predict", *, has_model: bool = False, **options) -> Signature:
        python = options.pop("python", (3, 11))
        files = {"m.py": source, **options.pop("files", {})}
        assert not options
        for path, text in files.items():
            if text is None:  # a module that is not there at all
                continue
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
            (tmp_path / path).write_bytes(data)
        signature = service.read_signature(tmp_path, service.parse_target(target), has_model=has_model, python=python)
        for schema in (signature.inputs, signature.output):
            jsonschema.Draft202012Validator.check_schema(schema)
        assert Signature.from_json(signature.to_json()) == signature
        return signature

    return read_source
