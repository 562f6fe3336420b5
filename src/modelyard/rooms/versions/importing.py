"""One version of a dataset: its files are read and counted, so that they can be downloaded."""

from modelyard.rooms.datasets import service as datasets
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
    snapshot = datasets.import_snapshot(
        DatasetTools(tools.database, tools.blobs, tools.repositories, tools.clock),
        build.repository_id,
        build.commit_id,
        on_file=lambda files, size: reporter.say("import", _contents(files, size)),
    )
    reporter.say("import", _contents(snapshot.files, snapshot.size))
    reporter.finish()
    with tools.database.write() as session:
        building.record_contents(session, build, files=snapshot.files, size=snapshot.size)


def _contents(files: int, size: int) -> str:
    """How much there is, in words for the stage."""
    count = "1 file" if files == 1 else f"{files:,} files"
    return f"{count}, {size / MB:,.1f} MB" if size >= MB else f"{count}, {size:,} bytes"
