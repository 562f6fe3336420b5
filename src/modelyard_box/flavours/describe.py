"""The ``describe`` command: loads a framework's model and reports its signature, for the platform to keep."""

import json
import os
import sys
import time
from typing import Any

from modelyard_box.config import ConfigError, load_box
from modelyard_box.errors import LoadError
from modelyard_box.flavours import load_model
from modelyard_box.loading import enable_paths
from modelyard_box.reasons import code_reason


def main() -> int:
    """Writes the report (one JSON object) and returns 0 when there is a signature, else 1."""
    report = _described()
    _write(report)
    return 0 if report["ok"] else 1


def _described() -> dict[str, Any]:
    started = time.monotonic()
    try:
        box = load_box()
        enable_paths(box)
        signature = load_model(box).signature()
    except LoadError as error:
        return {"ok": False, "reason": error.reason, "field": error.field}
    except ConfigError as error:
        return {"ok": False, "reason": str(error)}
    except BaseException as error:  # what a model does while it is loaded is its author's business
        return {"ok": False, "reason": f"the model cannot be loaded: {code_reason(error)}"}
    return {"ok": True, "reason": "", "signature": signature, "load_seconds": round(time.monotonic() - started, 3)}


def _write(report: dict[str, Any]) -> None:
    text = json.dumps(report)
    path = os.environ.get("MODELYARD_CHECK_RESULT")
    if path:
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text + "\n")
    else:
        print(text, flush=True)
    if not report["ok"]:
        print(f"describe: failed: {report['reason']}", file=sys.stderr, flush=True)
