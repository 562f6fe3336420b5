"""Measuring us and a reference in turn, in one run, and saying what came out.

A benchmark is a script in this folder that ends with ``report(...)``, whose last line is
``RESULT {"benchmark": …, "figures": {…}, "bars": [{"name": …, "value": …, "bar": …, "holds": …}]}``.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # the private services of the tests

from support import session

Job = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise about a figure: it is at least (or with ``at_most``, at most) ``bar``."""

    name: str
    value: float
    bar: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        return self.value <= self.bar if self.at_most else self.value >= self.bar


def in_turn(jobs: Mapping[str, Job], *, rounds: int = 5, before: Mapping[str, Job] | None = None) -> dict[str, float]:
    """Median seconds of each job. A round does every job once, each round starting with another one.

    ``before`` prepares a job (empties a cache, say) and is not timed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    names = list(jobs)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if before and name in before:
                before[name]()
            seconds[name].append(timed(jobs[name]))
    return {name: statistics.median(times) for name, times in seconds.items()}


def timed(job: Job) -> float:
    """Seconds that one call takes."""
    gc.collect()
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def report(benchmark: str, figures: Mapping[str, float], bars: Sequence[Bar] = ()) -> None:
    """Prints the figures and bars as tables and then the RESULT line."""
    print(f"\n{benchmark}")
    _print_table([("figure", "value"), *((name, _short(value)) for name, value in figures.items())])
    if bars:
        _print_table([("bar", "value", "wanted", "holds"), *(_row(bar) for bar in bars)])
    facts = [{"name": b.name, "value": b.value, "bar": b.bar, "holds": b.holds} for b in bars]
    print("RESULT " + json.dumps({"benchmark": benchmark, "figures": dict(figures), "bars": facts}), flush=True)


@contextmanager
def private_services() -> Iterator[Path]:
    """Lets ``support.dockerd.url()`` and its like work; yields a scratch folder and clears all away at the end."""
    root = session.begin()
    scratch = root / "scratch"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        session.end(root)


def _row(bar: Bar) -> tuple[str, ...]:
    return (
        bar.name,
        _short(bar.value),
        f"{'≤' if bar.at_most else '≥'} {_short(bar.bar)}",
        "yes" if bar.holds else "NO",
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("─" * width for width in widths))
