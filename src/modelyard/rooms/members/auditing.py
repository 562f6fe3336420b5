"""Who may read which part of the audit log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.access import service as access
from modelyard.rooms.access.errors import NotOwner
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.access.schemas import MemberRole
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import AuditQuery
from modelyard.rooms.repos import service as repos


def choose(
    session: Session,
    principal: Principal,
    *,
    owner: str | None,
    repository: str | None,
    actor: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
) -> AuditQuery:
    """What is asked for, if the caller may read it: of a repository and of an account or organisation its owners, of
    the whole site administrators. Raises ``NotOwner``, ``RepositoryMissing``, ``AccountMissing``.

    What happened to a repository that is gone is among what happened to its owner.
    """
    wanted = AuditQuery(actor=actor, action=action, since=since, until=until)
    if repository is not None:
        return wanted.model_copy(update={"repository_id": _repository(session, principal, repository)})
    if owner is not None:
        return wanted.model_copy(update={"owner_id": _owner(session, principal, owner)})
    return wanted if principal.is_administrator else wanted.model_copy(update={"owner_id": own_id(principal)})


def _repository(session: Session, principal: Principal, address: str) -> UUID:
    owner, _, name = address.partition("/")
    found = repos.find_repository(session, principal=principal, owner=owner, name=name, require_sign_in=False)
    repos.require_owner(principal, found)
    return found.id


def _owner(session: Session, principal: Principal, username: str) -> UUID:
    account_id = accounts.require_account(session, username).id
    role = access.role_in_account(session, principal, account_id)
    if not access.allows(role, MemberRole.OWNER):
        raise NotOwner(f"Only owners of '{username}' read its log.", remedy="Ask one of them.")
    return account_id
