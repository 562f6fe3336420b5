"""``modelyard push``."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from modelyard.apps.cli.addresses import read_address
from modelyard.apps.cli.credentials import RememberedUploads
from modelyard.apps.cli.exits import BuildFailed, UsageError
from modelyard.apps.cli.options import AsJson, connected
from modelyard.apps.cli.output import print_json, results, say
from modelyard.apps.cli.packing import is_script, kind_of, packed
from modelyard.apps.cli.progress import show_build, transfer_bar
from modelyard_client import Client
from modelyard_client.answers import Version

MODEL_SUFFIXES = frozenset(
    {".pkl", ".pickle", ".joblib", ".sav", ".onnx", ".keras", ".h5", ".ubj", ".json", ".pt", ".pth", ".safetensors"}
)

NamedFile = typer.Option(exists=True, dir_okay=False, readable=True)


def push(
    path: Annotated[
        Path | None,
        typer.Argument(
            exists=True, help="A folder with modelyard.yaml or MLmodel, a zip of one, a model's file, or a script."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="OWNER/NAME", help="Where to; default: yours, named as the folder or zip.")
    ] = None,
    source: Annotated[Path | None, NamedFile] = None,
    artifact: Annotated[Path | None, NamedFile] = None,
    requirements: Annotated[Path | None, NamedFile] = None,
    config: Annotated[Path | None, NamedFile] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What is new.")] = "",
    visibility: Annotated[
        str, typer.Option(help="Of a repository that is made now: private, internal or public.")
    ] = "private",
    platform: Annotated[str, typer.Option(help="Such as linux/amd64,linux/arm64; default: the server's own.")] = "",
    wait: Annotated[bool, typer.Option(help="Follow the build to its end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Push a model or an operation: a folder or zip with modelyard.yaml (or MLflow's MLmodel), or --source, --artifact,
    --requirements and --config, or a trained model's file alone (.joblib, .onnx, .keras, .h5, .ubj …) or an operation's
    script (.py), perhaps with --requirements.

    Makes the repository when there is none. Ends with 0 when the version is ready, with 1 when its build failed.
    """
    parts = {"source": source, "artifact": artifact, "requirements": requirements, "config": config}
    given = {part: file for part, file in parts.items() if file}
    if path is not None and (_is_model_file(path) or is_script(path)):
        given, name, path = _alone(path, given), name or _default_name(path), None
    _check_choice(path, given)
    kind = kind_of(path, given.get("source"), given.get("config"))
    with connected() as client, _sender(client, path, given) as send:
        address = read_address(client, name or _default_name(path)).repository
        if client.find_repository(address) is None:
            client.create_repository(address, visibility=visibility, kind=kind)
            say(f"Made the repository {address} ({kind}, {visibility}).")
        version = send(address, message=message, platforms=[p.strip() for p in platform.split(",") if p.strip()])
        say(f"Pushed {address}:v{version['number']}.")
        see_through(client, address, version, wait=wait, as_json=as_json)


def see_through(client: Client, address: str, version: Version, *, wait: bool, as_json: bool) -> None:
    """Follows what a new version becomes, if that is wanted, and writes the version: where it is seen, or as JSON."""
    if wait:
        version = follow(client, address, version)
    if as_json:
        print_json(version)
    else:
        results.print(f"{client.url}/{address}/versions/{version['number']}")


def follow(client: Client, address: str, version: Version) -> Version:
    """Shows a build to its end; raises ``BuildFailed`` with the server's reason."""
    number = version["number"]
    try:
        version, log = show_build(version, client.follow_build(address, number))
    except KeyboardInterrupt:
        say(f"The build goes on. Look after it with: modelyard show {address}:v{number}")
        raise
    if version["state"] != "ready":
        for line in log:
            say(f"  {line}")
        reason = version["reason"] or f"The build is {version['state']}."
        raise BuildFailed(reason, remedy=version["remedy"] or f"See `modelyard logs {address}:v{number} --build`.")
    image = version["image"]
    say(f"{address}:v{number} is ready." + (f" Image {image['digest']}" if image else ""))
    return version


def _check_choice(path: Path | None, parts: dict[str, Path]) -> None:
    if path is not None and parts:
        raise UsageError("A folder or zip has everything in it.", remedy=f"Leave out --{next(iter(parts))}, or PATH.")
    if path is None and not {"artifact", "source"} & parts.keys():
        remedy = "Name a folder, a zip, a model's file, a script, or at least --source and --config."
        raise UsageError("There is nothing to push.", remedy=remedy)
    if "source" in parts and "config" not in parts and not is_script(parts["source"]):
        raise UsageError("--source needs --config, which says what predicts or runs.", remedy="Add --config FILE.")
    if path is not None and path.is_file() and not zipfile.is_zipfile(path):
        raise UsageError(f"{path} is not a zip.", remedy="Name a folder with modelyard.yaml, or a zip of one.")


def _is_model_file(path: Path) -> bool:
    """Told by its name; a zip of a folder and some models' files are the same kind of archive."""
    return path.is_file() and path.suffix.lower() in MODEL_SUFFIXES


def _alone(path: Path, parts: dict[str, Path]) -> dict[str, Path]:
    """A model's file or a script with what may go with it."""
    part, what = ("source", "a script") if is_script(path) else ("artifact", "a model's file")
    if clash := next((part for part in ("source", "artifact") if part in parts), None):
        raise UsageError(f"{path} is {what}.", remedy=f"Name it with --{part}, or leave out --{clash}.")
    return {**parts, part: path}


def _default_name(path: Path | None) -> str:
    if path is None:
        raise UsageError("The model needs a name.", remedy="Add --name owner/name.")
    return (path.resolve().name if path.is_dir() else path.stem).lower().replace(" ", "-")


@contextmanager
def _sender(client: Client, path: Path | None, parts: dict[str, Any]) -> Iterator[Callable[..., Version]]:
    """Packs what is to be packed, before anything is made on the server, and gives the function that sends it."""
    if path is None:
        yield partial(_send, client.push_parts, f"{len(parts)} files", **parts)
        return
    with packed(path) if path.is_dir() else nullcontext(path) as archive:
        yield partial(_send, client.push_archive, archive.name, archive=archive)


def _send(verb: Callable[..., Version], title: str, address: str, **options: Any) -> Version:
    with transfer_bar(f"Sending {title}") as progress:
        return verb(address, progress=progress, memory=RememberedUploads(), **options)
