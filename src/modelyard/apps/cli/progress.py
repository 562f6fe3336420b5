"""Bars and stages: living on a terminal, plain lines elsewhere."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from modelyard.apps.cli.output import notes
from modelyard_client.answers import Version
from modelyard_client.events import Event

LOG_LINES_KEPT = 20
MARKS = {"complete": ("✓", "green"), "failed": ("✗", "red"), "waiting": ("·", "dim")}


@contextmanager
def transfer_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A function that moves a bar of bytes (done, in all); None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, size: bars.update(task, completed=done, total=size)


def show_build(version: Version, events: Iterable[Event]) -> tuple[Version, list[str]]:
    """Shows the stages until the build ends; returns the version as it then is, and the end of its log."""
    stages = {stage["name"]: (stage["state"], stage["text"]) for stage in version["stages"]}
    log: deque[str] = deque(maxlen=LOG_LINES_KEPT)
    with _display(stages) as changed:
        for event in events:
            if event.name == "end":
                return event.data, list(log)
            if event.name == "log":
                log.append(str(event.data["text"]))
            if event.name == "stage":
                stages[event.data["stage"]] = (event.data["state"], event.data["text"])
                changed(event.data["stage"])
    return version, list(log)


@contextmanager
def _display(stages: dict[str, tuple[str, str]]) -> Iterator[Callable[[str], None]]:
    if not sys.stderr.isatty():
        yield lambda name: notes.print(f"{name}: {stages[name][0]} {stages[name][1]}".rstrip())
        return
    with Live(console=notes, refresh_per_second=10, get_renderable=lambda: _rows(stages)):
        yield lambda _name: None


_spinner = Spinner("dots", style="cyan")


def _rows(stages: dict[str, tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 1))
    for _column in ("mark", "name", "text"):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for name, (state, text) in stages.items():
        mark: Any = Text(*MARKS[state]) if state in MARKS else _spinner
        table.add_row(mark, Text(name), Text(text, style="dim"))
    return table
