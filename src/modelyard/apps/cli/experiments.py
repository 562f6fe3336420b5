"""``modelyard experiments``."""

from typing import Annotated, Any

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.cli.looking import BEGINNING, find_run_id
from modelyard.apps.cli.options import AsJson, RunArgument, connected
from modelyard.apps.cli.output import moment_of, print_json, print_table, results, say
from modelyard.apps.cli.pushing import see_through
from modelyard_client import Client
from modelyard_client.answers import ComparedRun, Experiment

ExperimentArgument = Annotated[
    str, typer.Argument(metavar="NAME|ID", help="An experiment's name, or its id or how that begins.")
]

commands = typer.Typer(help="Compare runs, and make what the best one left a version of a model.")


@commands.callback(invoke_without_command=True)
def experiments(context: typer.Context, as_json: AsJson = False) -> None:
    """List your experiments, the newest first; or see the commands below."""
    if context.invoked_subcommand:
        return
    with connected() as client:
        found = client.experiments.list_newest()
    if as_json:
        print_json(found)
        return
    rows = [(one["id"], one["name"], one["runs"], moment_of(one["created_at"]), one["description"]) for one in found]
    print_table(("experiment", "name", "runs", "made", "description"), rows)


@commands.command()
def show(experiment: ExperimentArgument, as_json: AsJson = False) -> None:
    """Show an experiment's runs beside each other: the pinned one first (*), then the newest."""
    with connected() as client:
        found = find_experiment(client, experiment)
        table = client.experiments.compare(found["id"])
    if as_json:
        print_json({"experiment": found, **table})
        return
    columns = [column for column in found["columns"] if column in table["columns"]] or table["columns"]
    rows = sorted(table["rows"], key=lambda row: not row["is_pinned"])
    titles = ("run", "state", "title", *(column.partition(".")[2] for column in columns))
    print_table(titles, [_row(row, columns) for row in rows])


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="No other of yours may have it.")],
    description: Annotated[str, typer.Option(help="What is tried, and why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an experiment. Writes its id; `modelyard run --experiment NAME` puts runs into it."""
    with connected() as client:
        made = client.experiments.create(name, description=description)
    print_json(made) if as_json else results.print(made["id"])


@commands.command()
def delete(experiment: ExperimentArgument) -> None:
    """Delete an experiment. Its runs stay."""
    with connected() as client:
        found = find_experiment(client, experiment)
        client.experiments.delete(found["id"])
    say(f"Deleted {found['name']}. Its runs stay.")


@commands.command()
def promote(
    run: RunArgument,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="What it left: model.onnx, or `model/` for a folder.")
    ],
    model: Annotated[str, typer.Argument(metavar="OWNER/MODEL", help="A model; without owner, yours.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What is new.")] = "",
    wait: Annotated[bool, typer.Option(help="Follow the build to its end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make what a run of an experiment left the next version of a model: a model's file, or a folder with
    modelyard.yaml or MLmodel. Makes the repository when there is none."""
    with connected() as client:
        address = read_address(client, model).repository
        version = client.experiments.promote(find_run_id(client, run), paths, address, message=message)
        say(f"Made {address}:v{version['number']}.")
        see_through(client, address, version, wait=wait, as_json=as_json)


def find_experiment(client: Client, text: str) -> Experiment:
    """The caller's experiment of this name or id. Raises ``CommandError`` unless there is just one."""
    known = client.experiments.list_newest()
    named = [one for one in known if one["name"] == text]
    begun = [one for one in known if BEGINNING.fullmatch(text.lower()) and one["id"].startswith(text.lower())]
    found = named or begun
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} experiments begin with {text}." if found else f"You have no experiment '{text}'."
    raise CommandError(
        problem,
        remedy="See `modelyard experiments`, or make one: `modelyard experiments create NAME`.",
        code=ExitCode.NOT_FOUND,
    )


def _row(row: ComparedRun, columns: list[str]) -> tuple[Any, ...]:
    star = "* " if row["is_pinned"] else ""
    return row["run"]["id"], row["run"]["state"], f"{star}{row['run']['title']}", *(_cell(row, c) for c in columns)


def _cell(row: ComparedRun, column: str) -> Any:
    """A metric by its last value."""
    kind, _, name = column.partition(".")
    if kind == "parameters":
        return row["parameters"].get(name)
    return f"{row['metrics'][name]['last']:.6g}" if name in row["metrics"] else None
