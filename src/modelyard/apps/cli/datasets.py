"""``modelyard upload`` and ``download``: datasets."""

from pathlib import Path
from typing import Annotated, Any

import typer

from modelyard.apps.cli.addresses import Address, read_address
from modelyard.apps.cli.credentials import RememberedUploads
from modelyard.apps.cli.exits import CommandError, ExitCode, UsageError
from modelyard.apps.cli.options import AsJson, VersionArgument, connected
from modelyard.apps.cli.output import print_json, results, say
from modelyard.apps.cli.progress import transfer_bar
from modelyard.apps.cli.pushing import see_through
from modelyard_client import Client, Refused
from modelyard_client.datasets import fetch_archive, fetch_file, safe_target
from modelyard_client.inputs import files_below

FORMATS = ("zip", "tar")


def upload(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files, folders, or one zip of them.")],
    name: Annotated[str, typer.Option(metavar="OWNER/NAME", help="The dataset; without owner, yours.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What is new.")] = "",
    visibility: Annotated[
        str, typer.Option(help="Of a dataset that is made now: private, internal or public.")
    ] = "private",
    keep: Annotated[bool, typer.Option(help="Let the files stay that are not replaced.")] = False,
    wait: Annotated[bool, typer.Option(help="Follow the import to its end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make a version of a dataset from files, a folder, or a zip. Makes the dataset when there is none."""
    files = _files(paths)
    with connected() as client:
        address = read_address(client, name).repository
        if client.find_repository(address) is None:
            client.create_repository(address, visibility=visibility, kind="dataset")
            say(f"Made the dataset {address} ({visibility}).")
        version = client.push_files(address, _sent(client, files), message=message, keep=keep)
        say(f"Pushed {address}:v{version['number']}.")
        see_through(client, address, version, wait=wait, as_json=as_json)


def download(
    address: VersionArgument,
    path: Annotated[str | None, typer.Argument(help="One file of it; default: all of them.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", file_okay=False, help="The folder; default: NAME, or here.")
    ] = None,
    form: Annotated[str | None, typer.Option("--format", help="All files as one zip or tar.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a dataset, the newest version unless one is named. Goes on where it broke off, and checks every digest."""
    if form and (form not in FORMATS or path):
        raise UsageError("--format is zip or tar, without a PATH.", remedy="Choose one of the two.")
    with connected() as client:
        wanted = _chosen(client, read_address(client, address))
        entries = [e for e in client.list_files(wanted.repository, _number(wanted)) if path in (None, e["path"])]
        if not entries:
            raise CommandError(
                f"{wanted} has no {path}.", remedy="Leave it out to fetch all files.", code=ExitCode.NOT_FOUND
            )
        fetched = _fetch_archive(client, wanted, entries, output, form) if form else None
        files = [] if form else _fetch_files(client, wanted, entries, output or Path("." if path else wanted.name))
    if as_json:
        print_json({"version": str(wanted), "files": [str(f) for f in ([fetched] if fetched else files)]})
    else:
        results.print(fetched or f"{len(files)} files in {output or ('.' if path else wanted.name)}")


def _files(paths: list[Path]) -> dict[str, Path] | Path:
    """Path in the dataset → file; or the one zip."""
    if len(paths) == 1 and paths[0].is_file() and paths[0].suffix == ".zip":
        return paths[0]
    try:
        return files_below(paths)
    except Refused as e:
        raise UsageError(e.detail, remedy=e.remedy) from e


def _sent(client: Client, files: dict[str, Path] | Path) -> dict[str, str] | str:
    """The same with uploads instead of files."""
    memory = RememberedUploads()
    if isinstance(files, Path):
        with transfer_bar(f"Sending {files.name}") as progress:
            return client.upload(files, progress=progress, memory=memory)
    sent = {}
    for name, file in files.items():
        with transfer_bar(f"Sending {name}") as progress:
            sent[name] = client.upload(file, progress=progress, memory=memory)
    return sent


def _chosen(client: Client, wanted: Address) -> Address:
    if wanted.version is not None:
        return wanted
    for version in client.list_versions(wanted.repository):
        if version["state"] == "ready":
            return Address(wanted.repository, version["number"])
    raise CommandError(
        f"{wanted.repository} has no version that is ready.", remedy="Upload one first.", code=ExitCode.NOT_FOUND
    )


def _number(wanted: Address) -> int:
    assert wanted.version is not None  # it was chosen
    return wanted.version


def _fetch_archive(
    client: Client, wanted: Address, entries: list[dict[str, Any]], output: Path | None, form: str
) -> Path:
    folder = output or Path()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{wanted.name}-v{wanted.version}.{form}"
    with transfer_bar(f"Fetching {target.name}") as progress:
        fetch_archive(
            client.transport,
            wanted.repository,
            _number(wanted),
            form,
            entries,
            target,
            progress=progress or (lambda _done, _size: None),
        )
    return target


def _fetch_files(client: Client, wanted: Address, entries: list[dict[str, Any]], folder: Path) -> list[Path]:
    targets = []
    for entry in entries:
        target = safe_target(folder, entry["path"])
        with transfer_bar(f"Fetching {entry['path']}") as progress:
            fetch_file(
                client.transport,
                wanted.repository,
                _number(wanted),
                entry,
                target,
                progress=progress or (lambda _done, _size: None),
            )
        targets.append(target)
    return targets
