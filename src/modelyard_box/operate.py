"""The ``operate`` command, which ``run`` becomes: calls the target of an operation once, and writes what it gives.

As in a worker, what is ours is imported before the user's source and packages come onto the path.
"""

import faulthandler
import json
import math
import os
import signal
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any

from modelyard_box.calling import Caller
from modelyard_box.config import Box, ConfigError, load_box
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.given import read_given
from modelyard_box.loading import Loaded, enable_paths, load_target
from modelyard_box.outgoing import UnserialisableError, to_plain
from modelyard_box.reasons import code_reason, user_traceback
from modelyard_box.run import REFUSED, input_kinds, read_inputs, read_params

OUTPUTS = ("output", "out")
TERMINATED = 128 + signal.SIGTERM


class ResultInvalid(Exception):
    """What the target returned or yielded cannot be kept; the message says why."""


def main() -> int:
    """Returns 0 when the target came to its end, 1 where it failed, 2 where what it was given does not convert."""
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _leave)  # as process 1 it would not end by itself, and `finally` has its turn
    try:
        box = load_box()
        enable_paths(box)
        loaded = load_target(box)
        _call(box, loaded)
    except (LoadError, ConfigError, ResultInvalid) as error:
        return _failed(str(error), error.__cause__)
    except Mismatch as error:
        print(f"run: '{'/'.join(map(str, error.path))}' {error.detail}", file=sys.stderr)
        return REFUSED
    except Exception as error:
        return _failed(code_reason(error), error)
    return 0


def _call(box: Box, loaded: Loaded) -> None:
    results = Path(os.environ.get("MODELYARD_OUT") or "/out")
    schema = box.signature["inputs"]
    kinds = input_kinds(schema)
    given = {name: read_given(loaded, name, kinds[name], Path(path)) for name, path in read_inputs(schema).items()}
    if output := next((name for name in OUTPUTS if name in loaded.names), None):
        given[output] = _as_annotated(loaded, output, results)
    caller = Caller(loaded)
    try:
        _keep(caller.invoke({**read_params(), **given}), results)
    finally:
        caller.finish()


def _as_annotated(loaded: Loaded, name: str, folder: Path) -> Path | str:
    """The folder for results, as a path unless text is asked for; it is not to be converted any more."""
    loaded.converters.pop(name, None)
    return str(folder) if loaded.hints.get(name) is str else folder


def _keep(result: Any, folder: Path) -> None:
    """Writes a dict as the result, and what is yielded as metrics while it comes. Raises ResultInvalid."""
    if isinstance(result, Iterator):
        with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            result = _keep_metrics(result, file)
    if result is None or isinstance(result, os.PathLike):
        return
    if not _is_record(result):
        print(f"run: the {type(result).__name__} that was returned is not kept: return a dict", file=sys.stderr)
        return
    text = json.dumps(_plain(result), ensure_ascii=False, allow_nan=False)
    (folder / "result.json").write_text(text, encoding="utf-8")


def _keep_metrics(items: Iterator[Any], file: IO[str]) -> Any:
    """Writes a line for each dict that is yielded; what the generator returns at last is its result."""
    while True:
        try:
            item = next(items)
        except StopIteration as end:
            return end.value if isinstance(items, Generator) else None
        file.write(json.dumps(_metrics(item)) + "\n")
        file.flush()


def _metrics(item: Any) -> dict[str, float]:
    """The numbers of a yielded dict. Those that JSON cannot say are left out, and the log says so."""
    numbers = _plain(item) if _is_record(item) else None
    if not isinstance(numbers, dict):
        raise ResultInvalid(f"a {type(item).__name__} was yielded: yield dicts of numbers, such as {{'loss': 0.2}}")
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ResultInvalid(f"the metric '{name}' is not a number")
    kept = {name: value for name, value in numbers.items() if value is not None and math.isfinite(value)}
    for name in numbers.keys() - kept.keys():
        print(f"run: the metric '{name}' is not finite, and left out", file=sys.stderr)
    return kept


def _is_record(value: Any) -> bool:
    """What becomes a JSON object: a dict, a dataclass, a pydantic model, a named tuple."""
    return isinstance(value, Mapping) or hasattr(value, "__dataclass_fields__") or hasattr(value, "model_dump")


def _plain(value: Any) -> Any:
    try:
        return _finite(to_plain(value))
    except UnserialisableError as error:
        raise ResultInvalid(str(error)) from error


def _finite(value: Any) -> Any:
    """NaN and the infinities, which JSON cannot write, as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return {name: _finite(item) for name, item in value.items()} if isinstance(value, dict) else value


def _failed(reason: str, error: BaseException | None) -> int:
    sys.stdout.flush()
    text = user_traceback(error) if error is not None else ""
    print(f"{text}run: failed: {reason}", file=sys.stderr, flush=True)
    return 1


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(TERMINATED)
