"""``modelyard up``: the server itself."""

import sys
from typing import Annotated

import typer

from modelyard.apps.cli import machine
from modelyard.apps.cli.machine import DataDir
from modelyard.apps.cli.output import say
from modelyard.apps.cli.program import run
from modelyard.apps.server import serve

app = machine.program("The server.")


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default MODELYARD_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default MODELYARD_PORT or 8080.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Start the server. Migrates the database first, after a backup. Ctrl-C or TERM stops it."""
    settings = machine.read_settings(host=host, port=port, data_dir=data_dir)
    say(f"Modelyard at {settings.url}; data in {settings.data_dir}. Ctrl-C stops it.")
    with machine.database_answers():
        serve(settings)


if __name__ == "__main__":
    sys.exit(run(app))
