"""``modelyard doctor`` and ``scrub``: whether this machine, and what is stored on it, is sound."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import typer

from modelyard.apps.cli import machine
from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.cli.machine import DataDir
from modelyard.apps.cli.options import AsJson
from modelyard.apps.cli.output import print_json, results, size_of
from modelyard.apps.cli.program import run
from modelyard.apps.doctor import Diagnosis, diagnose
from modelyard.apps.wiring import make_engine, make_store
from modelyard.rooms.content import tasks as content
from modelyard.rooms.content.schemas import DamagedBlob

MARKS = {"ok": "✓", "notice": "·", "warning": "!"}

app = machine.program("The server's machine.")


@app.command()
def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say what this machine can isolate, and what follows. Ends with 1 when something needs attention."""
    settings = machine.read_settings(data_dir=data_dir)
    # An engine of its own, on the same disk: that of a server that runs must not be disturbed.
    scratch = Path(tempfile.mkdtemp(dir=settings.data_dir, prefix="d"))
    try:
        engine = make_engine(settings.model_copy(update={"data_dir": scratch}), make_store(settings))
        found = diagnose(engine)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if as_json:
        print_json(found.model_dump())
    else:
        _show_diagnosis(found)
    if any(finding.level == "warning" for finding in found.findings):
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def scrub(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Read every stored blob back. Damaged ones are never served as good; ends with 1 when there is one."""
    settings = machine.read_settings(data_dir=data_dir)
    with machine.opened_database(settings) as database:
        report = content.scrub(database, make_store(settings))
    damaged = [_present(blob) for blob in report.damaged]
    if as_json:
        print_json({"checked": report.checked, "bytes": report.size, "damaged": damaged})
    else:
        results.print(f"Read {report.checked} blobs, {size_of(report.size)}; {len(damaged)} damaged.")
        for blob in damaged:
            results.print(f"{blob['digest']}  {', '.join(blob['held_by'])}")
    if damaged:
        remedy = "Restore the blobs from a backup, or push again what held them."
        raise CommandError(f"{len(damaged)} blobs are damaged.", remedy=remedy)


def _present(blob: DamagedBlob) -> dict[str, Any]:
    held_by = [f"{why} of {holder}" for holder, why in blob.holders]
    return {"digest": blob.digest, "size": blob.size, "held_by": held_by}


def _show_diagnosis(found: Diagnosis) -> None:
    results.print(f"Engine {found.engine}, isolation level {found.isolation}")
    for finding in found.findings:
        results.print(f"{MARKS.get(finding.level, '·')} {finding.what}")
        for line in (finding.why, finding.remedy):
            if line:
                results.print(f"    {line}")


if __name__ == "__main__":
    sys.exit(run(app))
