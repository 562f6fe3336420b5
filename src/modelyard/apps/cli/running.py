"""``modelyard run`` and ``reproduce``."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from modelyard.apps.cli.addresses import own_name, read_address
from modelyard.apps.cli.credentials import RememberedUploads
from modelyard.apps.cli.exits import CommandError, UsageError
from modelyard.apps.cli.experiments import find_experiment
from modelyard.apps.cli.following import fetch, follow, require_success
from modelyard.apps.cli.looking import find_run_id
from modelyard.apps.cli.options import AsJson, OutFolder, RunArgument, VersionArgument, WaitOption, connected
from modelyard.apps.cli.output import print_json, print_table, results, say
from modelyard.apps.cli.parameters import read_inputs, read_parameters, show_form
from modelyard.apps.cli.progress import transfer_bar
from modelyard_client import Client
from modelyard_client.answers import Comparison, Run
from modelyard_client.inputs import Source
from modelyard_client.uploads import upload_file

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
UNITS |= {f"{unit}i": 1024**power for power, unit in enumerate("kmgt", start=1)}
OWN_DATA = re.compile(r"[a-z0-9][a-z0-9._-]*@v[1-9]\d*(/.*)?")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def run_(
    address: VersionArgument,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; @file reads one.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--in",
            "-i",
            metavar="NAME=SOURCE",
            help="An input: owner/data@v2, owner/data@v2/path, run:ID, run:ID/path, or a file or folder here.",
        ),
    ] = None,
    wait: WaitOption = False,
    out: OutFolder = None,
    form: Annotated[bool, typer.Option("--help-form", help="Show its inputs and parameters instead.")] = False,
    title: Annotated[str | None, typer.Option(help="What it is called in lists.")] = None,
    priority: Annotated[int | None, typer.Option(min=-10, max=10, help="Higher goes first.")] = None,
    attempts: Annotated[int | None, typer.Option(min=1, max=10, help="How often it is tried when it fails.")] = None,
    cpus: Annotated[float | None, typer.Option(min=0, help="Cores.")] = None,
    memory: Annotated[str | None, typer.Option(metavar="SIZE", help="Such as 512M or 4Gi.")] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Such as 90, 30m or 2h; then it is ended.")
    ] = None,
    keep_as: Annotated[
        str | None, typer.Option(metavar="OWNER/DATA", help="Make what it leaves a version of this dataset of yours.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(metavar="NAME|ID", help="The experiment of yours that it is one of.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run an operation, or a model over many rows. --help-form lists what it takes. Writes the run's id.

    With --wait (or --out) it ends when the run does: with 0 when it succeeded, with 7 when it did not.
    """
    resources = {
        "cpus": cpus,
        "memory_bytes": _amount("--memory", memory, UNITS, ending="b"),
        "timeout_seconds": _amount("--timeout", timeout, SECONDS),
    }
    with connected() as client:
        wanted = read_address(client, address)
        what = client.runs.find_form(wanted.repository, wanted.version)
        if form:
            print_json(what) if as_json else show_form(what)
            return
        experiment_id = find_experiment(client, experiment)["id"] if experiment else None
        run = client.runs.create(
            wanted.repository,
            version=what["version"],
            parameters=read_parameters(param or [], what),
            inputs={name: _sources(client, texts) for name, texts in read_inputs(given or [], what).items()},
            send=_sender(client),
            resources={name: value for name, value in resources.items() if value is not None},
            title=title,
            priority=priority,
            max_attempts=attempts,
            experiment_id=experiment_id,
            keep_as={"dataset": read_address(client, keep_as).repository} if keep_as else None,
        )
        if wait or out is not None:
            _waited(client, run, out, as_json=as_json)
        else:
            _queued(run, as_json=as_json)


def reproduce(run: RunArgument, wait: WaitOption = False, as_json: AsJson = False) -> None:
    """Do a run again: the same image, inputs and parameters. Writes the new run's id.

    With --wait it says which outputs are byte-identical, and ends with 1 when not all are.
    """
    with connected() as client:
        again = client.runs.reproduce(find_run_id(client, run))
        if not wait:
            _queued(again, as_json=as_json)
            return
        if not as_json:
            results.print(again["id"])
        again = follow(client, again)
        require_success(again)
        comparison = client.runs.compare(again["id"])
    if as_json:
        print_json({"run": again, "comparison": comparison})
    else:
        rows = [(o["path"], "identical" if o["same"] else "different") for o in comparison["outputs"]]
        print_table(("output", "bytes"), rows)
    _require_identical(comparison)


def _sources(client: Client, texts: list[str]) -> Source:
    """One source, or files of this machine; a dataset without an owner is the caller's own."""
    if len(texts) > 1:
        return texts
    return f"{own_name(client)}/{texts[0]}" if OWN_DATA.fullmatch(texts[0]) else texts[0]


def _queued(run: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    results.print(run["id"])
    say(f"Queued. Follow it with: modelyard logs -f {run['id']}")


def _waited(client: Client, run: Run, out: Path | None, *, as_json: bool) -> None:
    """Follows a run to its end, and fetches what it left; raises ``RunFailed`` unless it has succeeded."""
    if not as_json:
        results.print(run["id"])
    run = follow(client, run)
    if as_json:
        print_json(run)
    require_success(run)
    if out is not None:
        fetch(client, run["id"], out)


def _require_identical(comparison: Comparison) -> None:
    if not comparison["identical"]:
        differing = sum(not output["same"] for output in comparison["outputs"])
        raise CommandError(
            f"{differing} of {len(comparison['outputs'])} outputs are not the same."
            if differing
            else "The first run did not succeed.",
            remedy=f"Look at both: `modelyard outputs {comparison['first']}` and {comparison['second']}.",
        )


def _sender(client: Client) -> Callable[[Path], str]:
    def send(path: Path) -> str:
        with transfer_bar(f"Sending {path.name}") as progress:
            return upload_file(client.transport, path, progress=progress, memory=RememberedUploads())

    return send


def _amount(option: str, text: str | None, units: dict[str, int], *, ending: str = "") -> int | None:
    """``4Gi`` in bytes, or ``30m`` in seconds."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.lower())
    unit = found[2].removesuffix(ending) if found and ending else found[2] if found else None
    if found is None or unit not in units:
        raise UsageError(f"{option} '{text}' is not understood.", remedy=f"Write {option} NUMBER, or with a unit.")
    return int(float(found[1]) * units[unit])
