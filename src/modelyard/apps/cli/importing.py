"""``modelyard import-data``: archives of images, tables, and either by address, as a dataset."""

from pathlib import Path
from typing import Annotated, Any

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.credentials import RememberedUploads
from modelyard.apps.cli.exits import UsageError
from modelyard.apps.cli.options import AsJson, RepositoryArgument, connected
from modelyard.apps.cli.output import say
from modelyard.apps.cli.progress import transfer_bar
from modelyard.apps.cli.pushing import see_through
from modelyard_client import Client

ADDRESSES = ("http://", "https://")
CHOICES = ("skip", "fail")


def import_data(
    repository: RepositoryArgument,
    sources: Annotated[
        list[str], typer.Argument(help="Zip or tar files of images, single images, tables, or their URLs.")
    ],
    labels: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV, JSON or Parquet: file_name, label, split.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Shares of train, validation and test: 0.8,0.1,0.1.")] = None,
    on_bad: Annotated[str, typer.Option(help="Where a file is no good image: skip it, or fail.")] = "skip",
    append: Annotated[bool, typer.Option(help="Add to the images or files that there are.")] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="What is new.")] = "",
    visibility: Annotated[
        str, typer.Option(help="Of a dataset that is made now: private, internal or public.")
    ] = "private",
    wait: Annotated[bool, typer.Option(help="Follow the import to its end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make a version of a dataset from images: archives with a folder for each class, or with a table of labels.

    Or from tables alone (CSV, TSV, JSON Lines, Parquet; also in archives): each is read to its last line.
    Every image is decoded and hashed; the archives stay as they are, with an index. Makes the dataset when there is
    none.
    """
    if on_bad not in CHOICES:
        raise UsageError(f"--on-bad is skip or fail, not {on_bad}.", remedy="Choose one of the two.")
    shares = _shares(split)
    files = [_file(source) for source in sources if not source.startswith(ADDRESSES)]
    with connected() as client:
        address = read_address(client, repository).repository
        if client.find_repository(address) is None:
            client.create_repository(address, visibility=visibility, kind="dataset")
            say(f"Made the dataset {address} ({visibility}).")
        version = client.import_images(
            address,
            uploads=[_sent(client, file) for file in files],
            urls=[source for source in sources if source.startswith(ADDRESSES)],
            labels=_sent(client, labels) if labels else None,
            split=shares,
            on_bad=on_bad,
            append=append,
            message=message,
        )
        say(f"Importing into {address}:v{version['number']}.")
        see_through(client, address, version, wait=wait, as_json=as_json)
        if wait:
            for note in client.get_version(address, version["number"])["notes"]:
                say(note)


def _shares(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise UsageError(f"{text!r} are no three shares that sum to 1.", remedy="Such as --split 0.8,0.1,0.1.")
    return shares


def _file(source: str) -> Path:
    file = Path(source)
    if not file.is_file():
        raise UsageError(f"There is no file {source}.", remedy="Name zip or tar files, images, tables, or URLs.")
    return file


def _sent(client: Client, file: Path) -> Any:
    with transfer_bar(f"Sending {file.name}") as progress:
        return client.upload(file, progress=progress, memory=RememberedUploads())
