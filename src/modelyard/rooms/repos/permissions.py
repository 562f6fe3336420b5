"""What a role allows in a repository and an account, and what is told of it to the audit log."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.errors import Forbidden
from modelyard.rooms.access import service as access
from modelyard.rooms.access.errors import NotOwner
from modelyard.rooms.access.schemas import MemberRole
from modelyard.rooms.accounts import organisations
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import AccountKind, Principal
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos import store
from modelyard.rooms.repos.errors import OwnerInvalid
from modelyard.rooms.repos.schemas import Repository


def require_owner(principal: Principal, repository: Repository) -> None:
    """Raises ``NotOwner`` unless the principal, for whom the repository was found, may decide who sees it, who belongs
    to it, and whether it is there."""
    _require(principal, MemberRole.OWNER, repository)


def require_contributor(principal: Principal, repository: Repository) -> None:
    """Raises ``NotOwner`` unless the principal may add branches and what lies beside ``main``."""
    _require(principal, MemberRole.CONTRIBUTOR, repository)


def require_maintainer(principal: Principal, repository: Repository) -> None:
    """Raises ``NotOwner`` unless the principal may change ``main``, make versions and put them into service."""
    _require(principal, MemberRole.MAINTAINER, repository)


def maintains(principal: Principal, repository: Repository) -> bool:
    """Whether ``require_maintainer`` would let the principal pass."""
    try:
        require_maintainer(principal, repository)
    except Forbidden:
        return False
    return True


def require_branch(session: Session, principal: Principal, repository: Repository, branch: str) -> None:
    """Raises ``NotOwner`` unless the principal may change the branch: ``main`` is the maintainers'.

    The repository is not erased until the transaction ends.
    """
    store.require_present(session, repository.id)
    if branch == "main":
        require_maintainer(principal, repository)
    else:
        require_contributor(principal, repository)


def require_member(principal: Principal, repository: Repository) -> None:
    """Raises ``NotOwner`` unless the principal has some role there."""
    _require(principal, MemberRole.READER, repository)


def may_create_for(session: Session, principal: Principal, owner: str) -> bool:
    """Whether the principal may make repositories that belong to this account: their own, an organisation where they
    are maintainers or owners; administrators everybody's. False where there is no such account."""
    account = accounts.find_account(session, owner)
    if account is None or account.disabled:
        return False
    return access.allows(access.role_in_account(session, principal, account.id), MemberRole.MAINTAINER)


def owner_for_new(session: Session, principal: Principal, owner: str | None) -> UUID:
    """The account that a new repository of the principal's is to belong to; None: their own. Raises ``OwnerInvalid``,
    ``NotOwner``."""
    if owner is None or owner == principal.username:
        assert principal.account_id is not None  # a creator is signed in
        return principal.account_id
    account_id = accounts.find_account_id(session, owner)
    if account_id is None:
        raise OwnerInvalid(f"There is no account '{owner}'.", field="owner")
    if not may_create_for(session, principal, owner):
        raise NotOwner(
            f"You cannot create repositories for '{owner}'.",
            remedy="Leave the owner out, or ask its owners for the role 'maintainer'.",
            field="owner",
        )
    lock_owner(session, account_id)
    return account_id


def lock_owner(session: Session, account_id: UUID) -> None:
    """Until this transaction ends nobody closes the organisation, if it is one; raises ``OrganisationMissing``."""
    if accounts.get_account(session, account_id).kind is AccountKind.ORGANISATION:
        organisations.lock_organisation(session, account_id)


def tell(session: Session, principal: Principal, action: Action, repository: Repository, **details: Any) -> None:
    """Writes to the audit log, in this transaction, what the principal does to the repository."""
    audit.record(
        session,
        principal,
        action,
        subject=repository.address,
        owner_id=repository.owner_id,
        repository_id=repository.id,
        **details,
    )


def _require(principal: Principal, needed: MemberRole, repository: Repository) -> None:
    access.require_role(principal, needed, id=repository.id, role=repository.role, address=repository.address)
