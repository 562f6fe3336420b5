"""``modelyard pull-image``."""

import subprocess
import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from modelyard.apps.cli.addresses import Address, read_address
from modelyard.apps.cli.exits import CommandError, ExitCode, UsageError
from modelyard.apps.cli.options import AsJson, VersionArgument, connected
from modelyard.apps.cli.output import print_json, results, say
from modelyard.apps.cli.progress import transfer_bar
from modelyard_client import Client
from modelyard_client.images import pull_image as pull

ENGINES = ("docker", "podman")


def pull_image(
    address: VersionArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="The file; default NAME-vN.tar.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Load it into docker or podman instead of keeping a file.")] = None,
    platform: Annotated[str | None, typer.Option(help="Such as linux/arm64, of an image for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a version's image, the newest that is ready unless one is named, as a file that Docker and Podman load."""
    if engine and (engine not in ENGINES or output):
        raise UsageError("--engine is docker or podman, without --output.", remedy="Choose one of the two.")
    with connected() as client:
        wanted = chosen(client, read_address(client, address))
        name = f"{urlsplit(client.url).netloc}/{wanted}"
        if engine:
            digest, target = _load(client, wanted, name, engine, platform), None
        else:
            target = output or Path(f"{wanted.name}-v{wanted.version}.tar")
            digest = _fetch(client, wanted, name, target, platform)
    if as_json:
        print_json({"image": name, "digest": digest, "file": str(target) if target else None})
    else:
        results.print(f"{target or name} {digest}")


def chosen(client: Client, wanted: Address) -> Address:
    """The version that was named, else the newest that is ready; raises ``CommandError`` where none is."""
    if wanted.version is not None:
        return wanted
    for version in client.list_versions(wanted.repository):
        if version["state"] == "ready":
            return Address(wanted.repository, version["number"])
    raise CommandError(
        f"{wanted.repository} has no version that is ready.", remedy="Push one first.", code=ExitCode.NOT_FOUND
    )


def _fetch(client: Client, wanted: Address, name: str, target: Path, platform: str | None) -> str:
    with transfer_bar(f"Fetching {wanted}") as progress:
        return pull(
            client.transport,
            wanted.repository,
            f"v{wanted.version}",
            target,
            image_name=name,
            platform=platform,
            progress=progress,
        )


def _load(client: Client, wanted: Address, name: str, engine: str, platform: str | None) -> str:
    with tempfile.TemporaryDirectory(prefix="modelyard-pull-") as folder:
        archive = Path(folder) / "image.tar"
        digest = _fetch(client, wanted, name, archive, platform)
        try:
            done = subprocess.run(
                [engine, "load", "--input", str(archive)], capture_output=True, text=True, check=False
            )
        except FileNotFoundError as e:
            raise CommandError(f"There is no program {engine} here.", remedy="Install it, or use --output.") from e
    if done.returncode:
        raise CommandError(f"{engine} did not load it: {done.stderr.strip()}.", remedy="Is the engine running?")
    say(f"Loaded into {engine} as {name}.")
    return digest
