"""``modelyard runs``, ``logs``, ``cancel``, ``outputs`` and ``metrics``."""

import re
import sys
from typing import Annotated, Any

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.exits import CommandError, ExitCode, UsageError
from modelyard.apps.cli.following import fetch, follow_log
from modelyard.apps.cli.options import AsJson, OutFolder, RunArgument, connected
from modelyard.apps.cli.output import moment_of, print_json, print_table, results, say, size_of
from modelyard_client import Client
from modelyard_client.answers import MetricSeries, RunSummary

WHOLE = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
BEGINNING = re.compile(r"[0-9a-f-]{8,36}")
LOOKED_THROUGH = 200


def runs(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only in this state, such as running or failed; may be given again."),
    ] = None,
    repo: Annotated[str | None, typer.Option(metavar="OWNER/NAME", help="Only of this repository.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's, for administrators.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List your runs, the newest first."""
    with connected() as client:
        repository = read_address(client, repo).repository if repo else None
        found = client.runs.list_newest(repository=repository, states=state or [], everybody=everybody, limit=limit)
    if as_json:
        print_json(found)
        return
    titles = ("run", "of", "state", "progress", "asked for", "title", *(["by"] if everybody else []))
    print_table(titles, [_row(run, everybody) for run in found])


def logs(
    address: Annotated[
        str, typer.Argument(metavar="RUN|OWNER/NAME[:vN]", help="A run, or a repository that is served.")
    ],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Of a run: go on until it ends.")] = False,
    build: Annotated[
        bool, typer.Option("--build", help="The log of the version's build instead of its service.")
    ] = False,
) -> None:
    """Write the log of a run, of what serves a repository, or with --build of a version's build (default: the
    newest)."""
    with connected() as client:
        run_id = None if build else _find(client, address)
        if run_id and follow:
            _follow(client, run_id)
        elif follow:
            raise UsageError("-f is for the logs of runs.", remedy="Give a run's id, or leave it out.")
        else:
            sys.stdout.write(client.runs.read_log(run_id) if run_id else _log_of(client, address, build=build))


def cancel(run: RunArgument, as_json: AsJson = False) -> None:
    """Ask for a run's end: it is told to stop, and killed after a while."""
    with connected() as client:
        cancelled = client.runs.cancel(find_run_id(client, run))
    if as_json:
        print_json(cancelled)
    else:
        results.print(f"{cancelled['id']} {'cancelling' if cancelled['ended_at'] is None else cancelled['state']}")


def outputs(
    run: RunArgument,
    paths: Annotated[list[str] | None, typer.Argument(help="Only these; `charts/` is all below a folder.")] = None,
    out: OutFolder = None,
    as_json: AsJson = False,
) -> None:
    """List what a run left, or fetch it with --out. Goes on where it broke off, and checks every digest."""
    with connected() as client:
        run_id = find_run_id(client, run)
        if paths and out is None:
            raise UsageError("Where are they to go?", remedy="Add --out DIR.")
        if out is None:
            found = client.runs.list_outputs(run_id)
            rows = [(o["path"], size_of(o["size"]), o["media_type"], o["digest"]) for o in found]
            print_json(found) if as_json else print_table(("path", "size", "type", "digest"), rows)
            return
        files = fetch(client, run_id, out, paths)
    if as_json:
        print_json([str(file) for file in files])


def metrics(run: RunArgument, as_json: AsJson = False) -> None:
    """Show what a run reported: each metric's last value and its range; with --json every point."""
    with connected() as client:
        found = client.runs.read_metrics(find_run_id(client, run))
    if as_json:
        print_json(found)
        return
    print_table(("metric", "last", "lowest", "highest", "points"), [_numbers(series) for series in found])


def find_run_id(client: Client, text: str) -> str:
    """The whole id of one of the caller's newest runs. Raises ``CommandError`` unless just one begins so."""
    if run_id := _find(client, text):
        return run_id
    if BEGINNING.fullmatch(text.lower()):
        raise CommandError(
            f"No run of yours begins with {text}.", remedy="See `modelyard runs`.", code=ExitCode.NOT_FOUND
        )
    raise UsageError(f"'{text}' is not a run.", remedy="Give its id, or 8 characters of it; see `modelyard runs`.")


def _find(client: Client, text: str) -> str | None:
    """The id that ``text`` is or begins; None where there is no such run."""
    text = text.lower()
    if WHOLE.fullmatch(text):
        return text
    if not BEGINNING.fullmatch(text):
        return None
    found = [run["id"] for run in client.runs.list_newest(limit=LOOKED_THROUGH) if run["id"].startswith(text)]
    if len(found) > 1:
        shown = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
        raise UsageError(f"{len(found)} runs begin with {text}: {shown}.", remedy="Give more of the id.")
    return found[0] if found else None


def _follow(client: Client, run_id: str) -> None:
    try:
        run = follow_log(client, run_id)
    except KeyboardInterrupt:
        say(f"The run goes on. End it with: modelyard cancel {run_id}")
        raise
    if run:
        say(f"The run has ended: {run['state']}.")


def _log_of(client: Client, address: str, *, build: bool) -> str:
    wanted = read_address(client, address)
    if not build:
        return client.read_deployment_log(wanted.repository, version=wanted.version)
    newest = client.list_versions(wanted.repository, limit=1) if wanted.version is None else []
    return client.read_build_log(wanted.repository, newest[0]["number"] if newest else wanted.version or 1)


def _row(run: RunSummary, everybody: bool) -> tuple[Any, ...]:
    share = "" if run["progress"] is None else f"{run['progress']:.0%}"
    who = [run["account"]] if everybody else []
    of = f"{run['repository']}:v{run['version']}"
    return run["id"], of, run["state"], share, moment_of(run["created_at"]), run["title"], *who


def _numbers(series: MetricSeries) -> tuple[Any, ...]:
    values = [point["value"] for point in series["points"]]
    numbers = (series["last"], min(values), max(values))
    return series["name"], *(f"{number:.6g}" for number in numbers), series["total"]
