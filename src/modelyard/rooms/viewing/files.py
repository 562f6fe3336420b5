"""Files of a dataset's version, to be looked into as those that a run left are."""

from sqlalchemy.orm import Session

from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.results.service import ResultFile
from modelyard.rooms.viewing.sources import ViewTools


def find_file(session: Session, tools: ViewTools, repository: Repository, number: int, path: str) -> ResultFile:
    """Raises ``SnapshotMissing`` and ``DatasetFileMissing``. A small file is read from Git right away."""
    snapshot = datasets.find_snapshot(session, tools.datasets.repositories, repository, number)
    file = datasets.find_file(session, snapshot, path)
    data = None if file.stored else b"".join(datasets.open_file(tools.datasets, snapshot, file).read())
    return ResultFile(repository.id, file.path, file.size, file.digest, data)
