"""``modelyard base``: the base images that new versions stand on, whether or not the server runs."""

import sys
from typing import Annotated, Any

import typer

from modelyard.apps.cli import machine
from modelyard.apps.cli.machine import DataDir
from modelyard.apps.cli.options import AsJson
from modelyard.apps.cli.output import print_json, results, say
from modelyard.apps.cli.program import run
from modelyard.apps.wiring import make_store, make_supplies
from modelyard.rooms.images import service as images
from modelyard.rooms.images.service import Supplies

Python = Annotated[str | None, typer.Option(help="Only of this Python, such as 3.11; made where there is none yet.")]
Platform = Annotated[str | None, typer.Option(help="Only for this platform, such as linux/arm64.")]

app = machine.program("The server's machine.")
base = typer.Typer(no_args_is_help=True, help="Base images of versions to come.")
base.callback()(lambda: None)
app.add_typer(base, name="base")


@base.command()
def refresh(
    python: Python = None, platform: Platform = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Make the bases anew of today's packages: builds from now on stand on them. Versions that are there stay."""
    settings = machine.read_settings(data_dir=data_dir)
    supplies = make_supplies(settings, make_store(settings))
    known = {(found.python, found.platform): found.layers[0].digest for found in images.known_bases(supplies=supplies)}
    wanted = _chosen(known, python, platform) or [(python or settings.python, platform or images.own_platform())]
    made = [_refresh(key, known.get(key), supplies) for key in wanted]
    if as_json:
        print_json(made)
        return
    for found in made:
        news = "is new" if found["changed"] else "is as it was"
        results.print(f"Python {found['python']} for {found['platform']} {news}: {found['after']}")


def _chosen(known: dict[tuple[str, str], str], python: str | None, platform: str | None) -> list[tuple[str, str]]:
    return sorted(key for key in known if python in (None, key[0]) and platform in (None, key[1]))


def _refresh(key: tuple[str, str], before: str | None, supplies: Supplies) -> dict[str, Any]:
    python, platform = key
    say(f"Making Python {python} for {platform}")
    found = images.ensure_base(python, platform, supplies=supplies, refresh=True)
    after = found.layers[0].digest
    digests = {"before": before, "after": after, "changed": before != after}
    return {"python": python, "platform": platform, "source": found.source} | digests


if __name__ == "__main__":
    sys.exit(run(app))
