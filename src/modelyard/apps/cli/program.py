"""The commands, put together, and what becomes of their errors."""

import os
import sys
from importlib.metadata import version as distribution_version
from typing import Annotated

import typer

from modelyard.apps.cli import (
    browsing,
    bundling,
    datasets,
    experiments,
    importing,
    looking,
    membership,
    predicting,
    publishing,
    pulling,
    pushing,
    registries,
    running,
    serving,
    sessions,
    usage,
)
from modelyard.apps.cli.credentials import URL_VARIABLE
from modelyard.apps.cli.exits import CommandError, ExitCode, exit_code_of, remedy_of
from modelyard.apps.cli.output import print_error
from modelyard.kit.errors import ModelyardError
from modelyard_client import ClientError

ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(distribution_version("modelyard"))
        raise typer.Exit


app = typer.Typer(
    name="modelyard",
    help="Box, serve, correct and retrain machine-learning models with a Modelyard server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
)

app.command()(sessions.login)
app.command()(sessions.logout)
app.command()(pushing.push)
app.command("import")(registries.import_)
app.add_typer(registries.app, name="registries")
app.command("list")(browsing.list_)
app.command()(browsing.search)
app.command()(browsing.show)
app.command()(publishing.publish)
app.command()(publishing.unpublish)
app.command()(publishing.fork)
app.command()(datasets.upload)
app.command()(datasets.download)
app.command("import-data")(importing.import_data)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(predicting.predict)
app.command("run")(running.run_)
app.command()(looking.runs)
app.command()(looking.cancel)
app.command()(running.reproduce)
app.command()(looking.outputs)
app.command()(looking.metrics)
app.add_typer(experiments.commands, name="experiments")
app.command()(serving.deploy)
app.command()(serving.stop)
app.command()(serving.rollback)
app.command()(looking.logs)
app.command("pull-image")(pulling.pull_image)
app.command()(bundling.bundle)
app.command()(usage.usage)
app.add_typer(membership.members, name="members")
app.add_typer(membership.orgs, name="orgs")


@app.callback()
def choose_server(
    server: Annotated[
        str | None, typer.Option(metavar="URL", help=f"Instead of {URL_VARIABLE} or the last login.")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=show_version, help="Say which.")
    ] = False,
) -> None:
    if server:
        os.environ[URL_VARIABLE] = server


@app.command(context_settings=ANY_ARGUMENTS)
def up(context: typer.Context) -> None:
    """On the server: start it. Migrates the database first, after a backup."""
    _become("modelyard.apps.cli.starting", context)


@app.command(context_settings=ANY_ARGUMENTS)
def doctor(context: typer.Context) -> None:
    """On the server: say what this machine can isolate, and what follows."""
    _become("modelyard.apps.cli.examining", context)


@app.command(context_settings=ANY_ARGUMENTS)
def scrub(context: typer.Context) -> None:
    """On the server: read every stored blob back and report what is damaged."""
    _become("modelyard.apps.cli.examining", context)


@app.command(context_settings=ANY_ARGUMENTS)
def admin(context: typer.Context) -> None:
    """On the server: create users and reset passwords in its database."""
    _become("modelyard.apps.cli.people", context)


@app.command(context_settings=ANY_ARGUMENTS)
def base(context: typer.Context) -> None:
    """On the server: make the base images of versions to come anew."""
    _become("modelyard.apps.cli.bases", context)


def main() -> int:
    """The program; returns its exit code."""
    return run(app)


def run(commands: typer.Typer) -> int:
    """Runs a command; returns its exit code. Errors are one line on standard error."""
    try:
        return commands(prog_name="modelyard", standalone_mode=False) or ExitCode.OK
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; nothing is left to be said to them
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except (typer.exceptions.TyperException, CommandError, ClientError, ModelyardError, OSError) as e:
        detail, remedy, code = _told(e)
        print_error(detail, remedy)
        return code


def _told(error: Exception) -> tuple[str, str, int]:
    """What was wrong, what to do, and the exit code."""
    match error:
        case CommandError():
            told = error.detail, error.remedy, int(error.code)
        case ClientError():
            told = error.detail, remedy_of(error), int(exit_code_of(error))
        case ModelyardError():  # of the server's own code, on its machine
            code = ExitCode.NOT_FOUND if error.status == 404 else ExitCode.FAILED
            told = error.detail, error.remedy, int(code)
        case typer.exceptions.TyperException():
            told = error.format_message(), "See --help.", error.exit_code
        case _:
            where = getattr(error, "filename", None)
            told = f"{getattr(error, 'strerror', None) or error}{f': {where}' if where else ''}.", "", ExitCode.FAILED
    return told


def _become(module: str, context: typer.Context) -> None:
    """Becomes the process that has the server's code, so that signals and its exit code are simply its own."""
    arguments = [sys.executable, "-m", module, context.info_name or "", *context.args]
    sys.stdout.flush()
    os.execv(sys.executable, arguments)  # noqa: S606 (our own interpreter)
