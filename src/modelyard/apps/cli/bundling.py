"""``modelyard bundle``."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.options import AsJson, VersionArgument, connected
from modelyard.apps.cli.output import print_json, results, say
from modelyard.apps.cli.progress import transfer_bar
from modelyard.apps.cli.pulling import chosen


def bundle(
    address: VersionArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="The file; default NAME-vN-ARCHITECTURE.tar.")
    ] = None,
    platform: Annotated[str | None, typer.Option(help="linux/amd64 or linux/arm64; default the server's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a version with its page as one file that runs on any machine with Docker or Podman; continues, checks."""
    with connected() as client:
        wanted = chosen(client, read_address(client, address))
        with transfer_bar(f"Fetching {wanted}") as progress:
            done = client.download_bundle(
                wanted.repository, wanted.version or 0, output, platform=platform, progress=progress
            )
    if as_json:
        print_json({"file": str(done.path), "size": done.size, "sha256": done.sha256})
        return
    results.print(f"{done.path} sha256:{done.sha256}")
    say(f"Its steps: tar xf {done.path} README.md compose.yaml, then see README.md.")
