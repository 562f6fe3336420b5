"""What the command line writes: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

results = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
notes = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)


def print_json(value: Any) -> None:
    """JSON for scripts; on a terminal with indents."""
    text = json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write(text + "\n")


def print_table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on a terminal; lines with tabs elsewhere, for ``cut`` and ``awk``."""
    texts = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for row in texts:
        table.add_row(*row)
    results.print(table, soft_wrap=False)


def print_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """One fact a line; what is absent is left out."""
    shown = [(name, _cell(value)) for name, value in facts if value not in (None, "", [])]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        results.print(f"{name:<{width}}  {value}")


def say(text: str) -> None:
    """A note for people, on standard error."""
    notes.print(text)


def print_error(detail: str, remedy: str) -> None:
    """One line, whatever is in it."""
    sentences = [" ".join(text.split()) for text in (detail, remedy) if text.strip()]
    line = " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in sentences)
    sys.stderr.write(f"error: {line}\n")


def size_of(count: int) -> str:
    """Bytes as people read them."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def moment_of(text: str | None) -> str:
    """A time of the API in the local zone; empty for none."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}" if text else ""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return " ".join(str(value).split())
