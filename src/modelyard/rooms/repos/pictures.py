"""The picture of a repository: an upload, drawn anew, kept as a blob of the repository."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.content.schemas import OpenBlob
from modelyard.rooms.repos import presenting, store
from modelyard.rooms.repos.errors import PictureMissing, PictureTooLarge, RepositoryMissing
from modelyard.rooms.repos.ports import Pictures
from modelyard.rooms.repos.schemas import NewPicture, Repository

WHY = "picture"
MAX_BYTES = 10 * 1024**2


@dataclass(frozen=True, slots=True)
class PictureTools:
    """What drawing a picture needs; ``scratch`` is a folder for the upload."""

    database: Database
    blobs: BlobStore
    pictures: Pictures
    scratch: Path


def draw_picture(tools: PictureTools, *, principal: Principal, wanted: NewPicture) -> str:
    """Stores an upload, drawn anew, and returns its digest. Slow: call it outside any transaction.

    Raises ``UploadMissing``, ``UploadIncomplete``, ``PictureInvalid``, ``PictureTooLarge``.
    """
    with tools.database.read() as session:
        upload = content.claim_upload(session, account_id=own_id(principal), upload_id=wanted.upload)
    if upload.size > MAX_BYTES:
        raise PictureTooLarge(f"It has {upload.size} bytes; {MAX_BYTES} are allowed.", remedy="Make it smaller.")
    with tempfile.NamedTemporaryFile(dir=tools.scratch) as file:
        for chunk in tools.blobs.open(upload.digest):
            file.write(chunk)
        file.flush()
        drawn = tools.pictures.redraw(Path(file.name))
    return tools.blobs.put([drawn]).digest


def set_picture(
    session: Session,
    tools: PictureTools,
    *,
    principal: Principal,
    repository: Repository,
    digest: str | None,
    clock: Clock,
) -> Repository:
    """Shows a picture that was drawn, instead of the one before; None: none any more."""
    row = store.get_for_update(session, repository.id)
    if row is None:
        raise RepositoryMissing
    content.revoke(session, holder_id=repository.id, why=WHY)
    if digest is not None:
        content.record_stored(session, store=tools.blobs, digest=digest, holder_id=repository.id, why=WHY, clock=clock)
    row.picture, row.updated_at = digest, clock()
    presenting.write_entry(session, row)
    return presenting.present(session, [row], principal)[0]


def open_picture(session: Session, tools: PictureTools, repository: Repository) -> OpenBlob:
    """Raises ``PictureMissing``."""
    row = store.get(session, repository.id)
    if row is None or row.picture is None:
        raise PictureMissing(f"{repository.address} has no picture.", remedy="Its owner can upload one.")
    return content.open_granted(session, store=tools.blobs, holder_id=repository.id, digest=row.picture)
