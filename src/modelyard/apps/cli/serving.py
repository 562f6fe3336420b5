"""``modelyard deploy``, ``stop`` and ``rollback``."""

from typing import Annotated
from urllib.parse import urljoin

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.options import AliasOption, AsJson, RepositoryArgument, VersionArgument, connected
from modelyard.apps.cli.output import print_facts, print_json
from modelyard_client import Client
from modelyard_client.answers import Deployment


def deploy(
    address: VersionArgument,
    alias: AliasOption = "production",
    replicas: Annotated[int | None, typer.Option(min=1, help="How many containers.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes in each container.")] = None,
    keep_warm: Annotated[bool | None, typer.Option(help="Keep it running while nobody asks.")] = None,
    idle_stop: Annotated[
        int | None, typer.Option(min=5, metavar="SECONDS", help="Stop after this long unasked.")
    ] = None,
    callers: Annotated[str | None, typer.Option(help="Who may call: readers, members or owner.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve a version, the newest that is ready unless one is named; the one before answers until then."""
    with connected() as client:
        wanted = read_address(client, address)
        settings = {
            "replicas": replicas,
            "workers": workers,
            "keep_warm": keep_warm,
            "idle_stop_seconds": idle_stop,
            "callers": callers,
        }
        deployment = client.deploy(wanted.repository, version=wanted.version, alias=alias, **settings)
        _show(client, deployment, as_json=as_json)


def stop(address: RepositoryArgument, as_json: AsJson = False) -> None:
    """Stop serving a repository, after the requests under way."""
    with connected() as client:
        _show(client, client.stop_deployment(read_address(client, address).repository), as_json=as_json)


def rollback(address: RepositoryArgument, alias: AliasOption = "production", as_json: AsJson = False) -> None:
    """Point an alias back at the version before."""
    with connected() as client:
        _show(client, client.roll_back(read_address(client, address).repository, alias=alias), as_json=as_json)


def _show(client: Client, deployment: Deployment, *, as_json: bool) -> None:
    if as_json:
        print_json(deployment)
        return
    print_facts(
        [
            ("state", deployment["wanted"]),
            *((a["alias"], _alias(a["version"], a["answering"])) for a in deployment["aliases"]),
            ("address", urljoin(client.url, deployment["url"])),
        ]
    )


def _alias(version: int, answering: int) -> str:
    return f"v{version}" if version == answering else f"v{version} (v{answering} answers until it is ready)"
