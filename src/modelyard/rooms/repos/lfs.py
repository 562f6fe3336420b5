"""Git LFS objects: who may send and fetch which, and what of them a repository holds.

Knowing an object's id gives nothing: everything goes by the grants of this repository, and what only others hold is
sent in full.
"""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.secrets import SecretBox, SecretUnreadable
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import StoredBlob
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.repos import service
from modelyard.rooms.repos.errors import LfsTicketInvalid
from modelyard.rooms.repos.schemas import LfsObject, Repository

WHY = "lfs"
TICKET_LIFETIME = timedelta(hours=1)


def digest_of(oid: str) -> str:
    return f"sha256:{oid}"


def held_objects(session: Session, repository_id: UUID, objects: Sequence[LfsObject]) -> dict[str, int]:
    """Object id → size in bytes, of those among ``objects`` that the repository holds."""
    digests = {digest_of(item.oid) for item in objects}
    found = content.held_sizes(session, holder_id=repository_id, digests=digests)
    return {digest[7:]: size for digest, size in found.items()}


def keep_held(session: Session, repository_id: UUID, oids: Collection[str], *, clock: Clock) -> None:
    """What the repository holds for another reason, which may end, is from now on an LFS object of it too."""
    for oid in sorted(oids):
        content.grant(session, holder_id=repository_id, digest=digest_of(oid), why=WHY, clock=clock)


def keep_object(tools: UploadTools, repository_id: UUID, stored: StoredBlob) -> None:
    """Makes bytes that were just stored an object of the repository; blocks. May be repeated.

    Raises ``RepositoryMissing`` where it has gone meanwhile.
    """
    with tools.database.write() as session:
        service.require_present(session, repository_id)
        content.record_blob(
            session, digest=stored.digest, size=stored.size, holder_id=repository_id, why=WHY, clock=tools.clock
        )
    content.require_held(tools.store, [stored.digest])


def write_ticket(secrets: SecretBox, repository: Repository, oid: str, *, clock: Clock) -> str:
    """Lets its bearer send this one object to this repository for an hour: clients that are told an address send it
    no credentials (Hugging Face), or other ones."""
    expires = int((clock() + TICKET_LIFETIME).timestamp())
    return secrets.seal(json.dumps({"repository": str(repository.id), "oid": oid, "expires": expires}))


def read_ticket(secrets: SecretBox, ticket: str, *, oid: str, clock: Clock) -> UUID:
    """The repository that the ticket is for; raises ``LfsTicketInvalid``."""
    try:
        told: dict[str, Any] = json.loads(secrets.open(ticket))
        expires = datetime.fromtimestamp(told["expires"], UTC)
        repository_id = UUID(told["repository"])
    except (SecretUnreadable, ValueError, KeyError, TypeError) as e:
        raise _invalid() from e
    if told["oid"] != oid or expires <= clock():
        raise _invalid()
    return repository_id


def _invalid() -> LfsTicketInvalid:
    return LfsTicketInvalid(remedy="Push again: it asks for a new address.")
