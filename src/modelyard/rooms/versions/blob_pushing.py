"""Pushes of what runs left: the implementation of ``ports.BlobPushes``."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.datasets.schemas import PlacedFile
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.versions import file_pushing, pushing
from modelyard.rooms.versions.file_pushing import PreparedFiles
from modelyard.rooms.versions.pushing import PreparedPush, PushTools
from modelyard.rooms.versions.schemas import Version


@dataclass(frozen=True, slots=True)
class PreparedBlobs:
    """Files that were checked and committed, but are no version yet."""

    push: PreparedFiles | PreparedPush
    message: str


@dataclass(frozen=True, slots=True)
class PushesOfBlobs:
    """Implements ``BlobPushes``; what kind of push it is, the repository says."""

    tools: PushTools

    def prepare(
        self, *, principal: Principal, repository: Repository, files: Sequence[PlacedFile], message: str
    ) -> PreparedBlobs:
        prepare = file_pushing.prepare_blobs if repository.kind is Kind.DATASET else pushing.prepare_blobs
        push = prepare(self.tools, principal=principal, repository=repository, files=files, message=message)
        return PreparedBlobs(push, message)

    def record(
        self, session: Session, prepared: PreparedBlobs, *, principal: Principal, repository: Repository
    ) -> Version:
        push, message = prepared.push, prepared.message
        if isinstance(push, PreparedFiles):
            return file_pushing.record_blobs(
                session, self.tools, principal=principal, repository=repository, message=message, push=push
            )
        return pushing.record_blobs(
            session, self.tools, principal=principal, repository=repository, message=message, push=push
        )
