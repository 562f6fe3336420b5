"""What an import reads, as files here: uploads, what is fetched by address, and single images gathered into a pack."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard.rooms.content.ports import LocalPaths
from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.schemas import Source, TableForm
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.sources import service as sources
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.reporting import Reporter

CHUNK = 1024**2


def find_sources(
    tools: BuildTools, pack_tools: PackTools, order: Mapping[str, Any], folder: Path, reporter: Reporter
) -> list[Source]:
    """All that was sent or named, as files here. Raises ``AddressRefused``, ``AddressUnavailable``."""
    return [*_uploads(tools, order, folder), *_fetched(tools, pack_tools, order, folder, reporter)]


def is_table(source: Source) -> bool:
    """Whether it is a plain table, by its name."""
    return TableForm.named(source.name) is not None and not packs.is_archive(source.path, source.name)


def find_archives(tools: BuildTools, found: Sequence[Source], folder: Path) -> list[Source]:
    """The archives to read, each a blob too; single images become one."""
    archives = [source for source in found if packs.is_archive(source.path, source.name)]
    if single := [source for source in found if source not in archives]:
        target = folder / "gathered.tar"
        packs.gather(single, target)
        archives.append(Source(target, put_file(tools, target), target.name))
    return [source if source.digest else _stored(tools, source) for source in archives]


def local_file(tools: BuildTools, digest: str, target: Path) -> Path:
    """A blob as a file here: itself, where the store has files, else a copy."""
    if isinstance(tools.blobs, LocalPaths):
        return tools.blobs.path(digest)
    with target.open("wb") as file:
        file.writelines(tools.blobs.open(digest))
    return target


def put_file(tools: BuildTools, file: Path, *, expected: str | None = None) -> str:
    """Stores a file and returns its digest."""
    with file.open("rb") as stream:
        return tools.blobs.put(iter(lambda: stream.read(CHUNK), b""), expected=expected).digest


def _uploads(tools: BuildTools, order: Mapping[str, Any], folder: Path) -> Iterator[Source]:
    for number, source in enumerate(order["sources"]):
        path = local_file(tools, source["digest"], folder / f"source-{number}")
        yield Source(path, source["digest"], sources.safe_file_name(source["name"]))


def _fetched(
    tools: BuildTools, pack_tools: PackTools, order: Mapping[str, Any], folder: Path, reporter: Reporter
) -> Iterator[Source]:
    """What is fetched has no digest yet. All of it together has to be no more than one upload may be."""
    urls, so_far = order["urls"], 0
    for number, url in enumerate(urls):

        def count(size: int, number: int = number) -> None:
            nonlocal so_far
            so_far += size
            reporter.say("fetch", f"{number} of {len(urls):,} addresses, {so_far / 1e6:,.1f} MB")

        reporter.say("fetch", f"{number} of {len(urls):,} addresses")
        target = folder / f"fetched-{number}"
        left = pack_tools.max_fetched_bytes - so_far
        name = pack_tools.fetcher.fetch(url, target, limit=left, on_bytes=count)
        yield Source(target, "", sources.safe_file_name(name))


def _stored(tools: BuildTools, source: Source) -> Source:
    return Source(source.path, put_file(tools, source.path), source.name)
