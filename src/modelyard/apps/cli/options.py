"""Arguments and options that several commands share, and the connection they use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from modelyard.apps.cli.credentials import current_login
from modelyard_client import Client

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for scripts.")]
RepositoryArgument = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="A repository; without owner, yours.")]
VersionArgument = Annotated[
    str, typer.Argument(metavar="OWNER/NAME[:vN]", help="A repository, or one of its versions; without owner, yours.")
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or how it begins (8 characters or more).")]
WaitOption = Annotated[bool, typer.Option("--wait", help="Follow it to its end.")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", file_okay=False, help="Fetch what it leaves into a folder.")
]
AliasOption = Annotated[str, typer.Option(help="Which alias of the deployment.")]


@contextmanager
def connected() -> Iterator[Client]:
    """The current server."""
    login = current_login()
    with Client(login.url, token=login.token) as client:
        yield client
