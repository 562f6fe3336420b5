"""One version of a dataset: its files are read and counted, so that they can be downloaded."""

from collections.abc import Callable
from uuid import UUID

from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.datasets.schemas import Snapshot
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.versions import building
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.reporting import Reporter

MB = 1000**2


def import_dataset(tools: BuildTools, build: Build) -> None:
    """Raises what ``datasets.import_snapshot`` raises; may be repeated."""
    reporter = Reporter(tools.database, build, clock=tools.clock)
    reporter.say("import", "reading the files")
    snapshot = take_snapshot(
        tools,
        build.repository_id,
        build.commit_id,
        lambda files, size: reporter.say("import", _contents(files, size)),
    )
    reporter.say("import", _contents(snapshot.files, snapshot.size))
    reporter.finish()
    with tools.database.write() as session:
        building.record_contents(session, build, files=snapshot.files, size=snapshot.size)


def take_snapshot(
    tools: BuildTools, repository_id: UUID, commit_id: str, on_file: Callable[[int, int], None]
) -> Snapshot:
    """As ``datasets.import_snapshot``, with the parts of a build."""
    dataset_tools = DatasetTools(tools.database, tools.blobs, tools.repositories, tools.clock)
    return datasets.import_snapshot(dataset_tools, repository_id, commit_id, on_file=on_file)


def _contents(files: int, size: int) -> str:
    """How much there is, in words for the stage."""
    count = "1 file" if files == 1 else f"{files:,} files"
    return f"{count}, {size / MB:,.1f} MB" if size >= MB else f"{count}, {size:,} bytes"
