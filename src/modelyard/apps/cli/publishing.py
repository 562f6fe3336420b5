"""``modelyard publish``, ``unpublish`` and ``fork``."""

from typing import Annotated

import typer

from modelyard.apps.cli.addresses import Address, read_address
from modelyard.apps.cli.exits import UsageError
from modelyard.apps.cli.options import AsJson, RepositoryArgument, connected
from modelyard.apps.cli.output import print_json, results, say
from modelyard_client import Client

OneVersion = Annotated[str, typer.Argument(metavar="OWNER/NAME@vN", help="A version of an operation of yours.")]


def publish(version: OneVersion, as_json: AsJson = False) -> None:
    """Offer a version of an operation again that was taken back: all who may read it may run it."""
    with connected() as client:
        wanted, number = _read_version(client, version)
        found = client.publish(wanted.repository, number)
    print_json(found) if as_json else say(f"{wanted} is published.")


def unpublish(version: OneVersion, as_json: AsJson = False) -> None:
    """Take a version of an operation back: others start no runs of it any more; those that there are go on."""
    with connected() as client:
        wanted, number = _read_version(client, version)
        found = client.unpublish(wanted.repository, number)
    print_json(found) if as_json else say(f"{wanted} is not published any more.")


def fork(
    repository: RepositoryArgument,
    new_name: Annotated[
        str | None, typer.Argument(metavar="[NEW-NAME]", help="What the copy is called; default: as its source.")
    ] = None,
    visibility: Annotated[str, typer.Option(help="Of the copy: private, internal or public.")] = "private",
    as_json: AsJson = False,
) -> None:
    """Copy the files of a repository and their history into one of your own. A push there makes its first version."""
    with connected() as client:
        made = client.fork(read_address(client, repository).repository, new_name, visibility=visibility)
    address = f"{made['owner']}/{made['name']}"
    say(f"{address} has the files and their history. Clone it, change it, and push: that makes its first version.")
    if as_json:
        print_json(made)
    else:
        results.print(f"{client.url}/{address}")


def _read_version(client: Client, text: str) -> tuple[Address, int]:
    address = read_address(client, text)
    if address.version is None:
        raise UsageError(f"Which version of {address}?", remedy=f"Write {address}@v3, for example.")
    return address, address.version
