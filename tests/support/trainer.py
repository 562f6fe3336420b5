"""An operation that pretends to train: a loss that falls from ``rate``, and a model that multiplies by it."""

from typing import Any

from support import operations
from support.server import Server

PROGRAM = """
import json, pathlib
told = json.loads(pathlib.Path("/in/params.json").read_text())
out = pathlib.Path("/out")
with (out / "metrics.jsonl").open("w") as metrics:
    for step in range(told["steps"]):
        metrics.write(json.dumps({"step": step, "loss": told["rate"] / (step + 1)}) + "\\n")
(out / "model").mkdir()
(out / "model" / "modelyard.yaml").write_text('predict: "constant:predict"\\n')
code = f"def predict(x: float) -> float:\\n    return x * {told['rate']}\\n"
(out / "model" / "constant.py").write_text(code)
"""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "steps": {"type": "integer", "default": 3, "description": "How far."},
        "rate": {"type": "number", "default": 1, "description": "How fast."},
    },
}


def add_trainer(server: Server, token: str, *, name: str = "trainer") -> str:
    """Adds it to the token's account; returns its address."""
    return operations.add_operation(server, token, name=name, program=PROGRAM, schema=SCHEMA, kind="trainer")
