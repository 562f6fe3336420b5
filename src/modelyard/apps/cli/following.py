"""Showing a run while it works: a bar under its log on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from modelyard.apps.cli.exits import RunFailed
from modelyard.apps.cli.output import notes, say
from modelyard.apps.cli.progress import transfer_bar
from modelyard_client import Client
from modelyard_client.answers import Output, Run

PROGRESS = "progress:"


def follow(client: Client, run: Run) -> Run:
    """Shows a run to its end and returns it as it then is. Interrupted, it says how to go on; the run does."""
    try:
        with _display() as (tell, write):
            for event in client.runs.follow(run["id"]):
                match event.name:
                    case "run":
                        tell(event.data)
                    case "log":
                        write(event.data["text"])
                    case "end":
                        run = event.data
    except KeyboardInterrupt:
        say(f"The run goes on. Follow it: modelyard logs -f {run['id']}. End it: modelyard cancel {run['id']}.")
        raise
    return run


def require_success(run: Run) -> None:
    """Raises ``RunFailed`` with the reason unless the run has succeeded."""
    if run["state"] == "succeeded":
        return
    reason = run["reason"] or (f"exit code {run['exit_code']}" if run["exit_code"] else "")
    told = f"The run {'was cancelled' if run['state'] == 'cancelled' else 'failed'}{f': {reason}' if reason else ''}"
    raise RunFailed(told, remedy=f"See `modelyard logs {run['id']}`.")


def fetch(client: Client, run_id: str, folder: Path, paths: list[str] | None = None) -> list[Path]:
    """Fetches what a run left into a folder."""
    files = client.runs.download(run_id, folder, paths=paths or [], show=_fetching)
    say(f"{len(files)} {'file' if len(files) == 1 else 'files'} in {folder}.")
    return files


def follow_log(client: Client, run_id: str) -> Run | None:
    """Writes a run's log to standard output as it grows; returns the run once it has ended."""
    attempt = 0
    for event in client.runs.follow(run_id):
        if event.name == "end":
            return event.data
        if event.name == "log":
            if 0 < attempt != event.data["attempt"]:
                say(f"Attempt {event.data['attempt']}.")
            attempt = event.data["attempt"]
            sys.stdout.write(event.data["text"])
            sys.stdout.flush()
    return None


Tell = Callable[[Run], None]
Write = Callable[[str], None]


def _fetching(entry: Output) -> AbstractContextManager[Any]:
    return transfer_bar(f"Fetching {entry['path']}")


@contextmanager
def _display() -> Iterator[tuple[Tell, Write]]:
    """What is told of the run, and what writes its log."""
    if not sys.stderr.isatty():
        yield _Lines().tell, lambda text: print(text, end="", file=sys.stderr)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", style="dim"),
    )
    with Progress(*columns, console=notes, transient=True) as bars:
        task = bars.add_task("queued", total=None, words="")

        def tell(run: Run) -> None:
            share = run["progress"]
            total = None if share is None else 1.0
            bars.update(
                task, description=_state(run), total=total, completed=share or 0, words=run["progress_text"] or ""
            )

        def write(text: str) -> None:
            for line in text.splitlines():
                if not line.startswith(PROGRESS):  # the bar shows it
                    bars.console.print(Text(line))

        yield tell, write


class _Lines:
    """A line for each change of state."""

    def __init__(self) -> None:
        self._said = ""

    def tell(self, run: Run) -> None:
        if (state := _state(run)) != self._said:
            self._said = state
            say(f"{state}.")


def _state(run: Run) -> str:
    again = f", attempt {run['attempt']}" if run["attempt"] > 1 else ""
    return f"{run['state']}{again}"
