"""``modelyard import`` and ``registries``: images of other registries, and how to sign in to those."""

from typing import Annotated

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.cli.options import AsJson, RepositoryArgument, connected
from modelyard.apps.cli.output import moment_of, print_json, print_table, say
from modelyard.apps.cli.prompts import ask, read_secret
from modelyard.apps.cli.pushing import see_through

app = typer.Typer(
    no_args_is_help=True, help="How to sign in to other registries, for imports. The server keeps secrets encrypted."
)

Registry = Annotated[str, typer.Argument(metavar="REGISTRY", help="Such as ghcr.io, docker.io or host:5000.")]


def import_(
    image: Annotated[str, typer.Argument(metavar="REGISTRY/NAME:TAG", help="An image that another registry has.")],
    repository: RepositoryArgument,
    visibility: Annotated[
        str, typer.Option(help="Of a repository that is made now: private, internal or public.")
    ] = "private",
    wait: Annotated[bool, typer.Option(help="Follow the import to its end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Import an image of another registry as the next version of an operation, with all its platforms.

    Makes the repository when there is none. Signs in with what `modelyard registries add` kept for that registry. Ends
    with 0 when the version is ready, with 1 when it could not be made.
    """
    with connected() as client:
        address = read_address(client, repository).repository
        if client.find_repository(address) is None:
            client.create_repository(address, visibility=visibility, kind="operation")
            say(f"Made the repository {address} (operation, {visibility}).")
        version = client.import_image(address, image)
        say(f"Importing {image} as {address}:v{version['number']}.")
        see_through(client, address, version, wait=wait, as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List your sign-ins, without their secrets."""
    with connected() as client:
        found = client.registries.list_all()
    if as_json:
        print_json(found)
        return
    rows = [(one["registry"], one["username"], moment_of(one["created_at"])) for one in found]
    print_table(("registry", "user name", "saved"), rows)


@app.command()
def add(
    registry: Registry,
    username: Annotated[str | None, typer.Option(help="Asked for when absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep how you sign in to a registry, in the place of what was kept for it before.

    The password or token is asked for, or read as one line from standard input.
    """
    name = username or ask(f"User name at {registry}: ")
    secret = read_secret("password or token", f"Password or token of {name} at {registry}: ")
    with connected() as client:
        kept = client.registries.save(registry, username=name, secret=secret)
    if as_json:
        print_json(kept)
    else:
        say(f"Imports from {kept['registry']} sign in as {kept['username']} from now on.")


@app.command()
def delete(registry: Registry) -> None:
    """Forget how you sign in to a registry. What was imported stays."""
    with connected() as client:
        found = next((one for one in client.registries.list_all() if one["registry"] == registry), None)
        if found is None:
            raise CommandError(
                f"No sign-in to {registry} is kept.", remedy="See `modelyard registries list`.", code=ExitCode.NOT_FOUND
            )
        client.registries.delete(found["id"])
    say(f"The sign-in to {registry} is forgotten.")
