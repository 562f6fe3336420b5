"""The ``batch`` command: predicts every row of ``/in/rows`` with the workers of ``serve``, and writes a table.

As with ``serve``, the first worker starts before anything else, so that the model loads in the meantime.
"""

import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from modelyard_box.config import ConfigError, Settings, load_box, load_settings
from modelyard_box.run import REFUSED, RunRefused, read_params
from modelyard_box.serve import add_site
from modelyard_box.spawn import kill_worker, start_worker

WINDOW = 256
"""So many rows are on their way at once, unless the parameter ``batch_size`` says otherwise."""
MOST = 10_000


def main() -> int:
    """Exit status: 0 where at least one row was predicted or there was none, else 1; 2 where it cannot begin."""
    pid, channel = start_worker()
    try:
        box, settings = load_box(), load_settings(os.environ)
        window = _window(read_params())
    except (ConfigError, RunRefused, OSError) as error:
        kill_worker(pid)
        print(f"batch: {error}", file=sys.stderr)
        return REFUSED
    add_site()
    source = Path(os.environ.get("MODELYARD_IN") or "/in") / "rows"
    target = Path(os.environ.get("MODELYARD_OUT") or "/out")
    predicting = importlib.import_module("modelyard_box.rows.predicting")
    status: int = predicting.run(box, _patient(settings, window), source, target, window, (pid, channel))
    return status


def _window(params: dict[str, object]) -> int:
    """Raises RunRefused for parameters other than a sensible ``batch_size``."""
    if unknown := params.keys() - {"batch_size"}:
        raise RunRefused(f"'{min(unknown)}' is not a parameter of batch prediction; there is batch_size")
    size = params.get("batch_size", WINDOW)
    if type(size) is not int or not 1 <= size <= MOST:
        raise RunRefused(f"batch_size is not a whole number from 1 to {MOST}")
    return size


def _patient(settings: Settings, window: int) -> Settings:
    """Rows wait as long as it takes: nobody hangs up meanwhile."""
    return replace(settings, wait_s=float("inf"), queue=max(settings.queue, window))
