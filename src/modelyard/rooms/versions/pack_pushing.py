"""Asking for an import of images or tables: a queued version that knows what it is to be made of."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.versions import pushing, rules
from modelyard.rooms.versions.errors import NotADataset
from modelyard.rooms.versions.pushing import PushTools
from modelyard.rooms.versions.schemas import NewImport, Version


def begin_import(
    session: Session, tools: PushTools, *, principal: Principal, repository: Repository, wanted: NewImport
) -> Version:
    """Reserves the next number and queues the import, which starts after the commit. Raises ``NotADataset``,
    ``UploadMissing`` and ``UploadIncomplete``.

    The repository holds what was uploaded from now on, so that the import does not depend on the uploads.
    """
    if repository.kind is not Kind.DATASET:
        raise NotADataset(f"{repository.address} is of kind {repository.kind}.", remedy="Import into a dataset.")
    repos.require_present(session, repository.id)
    sources = [_claim(session, principal, upload) for upload in wanted.uploads]
    labels = _claim(session, principal, wanted.labels) if wanted.labels else None
    order = {
        "sources": sources,
        "labels": labels,
        "urls": wanted.urls,
        "shares": wanted.split,
        "fail": wanted.on_bad == "fail",
        "append": wanted.append,
    }
    version = pushing.insert_version(
        session,
        tools,
        principal=principal,
        repository=repository,
        values={
            "commit_id": repos.head(tools.repositories, repository.id),
            "message": wanted.message or "Import",
            "platforms": [],
            "signature": {},
            "card": {},
            "project": {"contents": None, "notes": [], "import": order},
        },
    )
    why = rules.import_reason(version.number)
    for source in [*sources, *([labels] if labels else [])]:
        content.grant(session, holder_id=repository.id, digest=source["digest"], why=why, clock=tools.clock)
    return version


def _claim(session: Session, principal: Principal, upload_id: UUID) -> dict[str, Any]:
    upload = content.claim_upload(session, account_id=own_id(principal), upload_id=upload_id)
    return {"digest": upload.digest, "size": upload.size, "name": upload.filename}
