"""Repositories change hands: at once where the giver may create there, else when the other side accepts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.access import service as access
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.access.schemas import MemberRole
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.members import rules, store
from modelyard.rooms.members.errors import TransferMissing, TransferRefused
from modelyard.rooms.members.places import repository_place, role_of
from modelyard.rooms.members.schemas import Transfer, TransferResult
from modelyard.rooms.members.tables import TransferRow
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Repository


def transfer(
    session: Session, bounds: StorageBounds, *, principal: Principal, repository: Repository, to: str, clock: Clock
) -> TransferResult:
    """Gives or offers a repository; raises ``NotOwner``, ``TransferRefused``, ``RepositoryExists``, and a
    ``QuotaExceeded`` where the other side may not hold so much."""
    repos.require_owner(principal, repository)
    target = accounts.find_account(session, to)
    if target is None or target.disabled:
        raise TransferRefused(f"There is no account '{to}'.", remedy="Check the name.", field="to")
    if target.id == repository.owner_id:
        raise TransferRefused(f"{repository.address} is theirs already.", field="to")
    if repos.may_create_for(session, principal, to):
        return TransferResult(repository=_move(session, bounds, principal, repository, target.id, clock))
    row = store.put_transfer(
        session,
        repository_id=repository.id,
        account_id=target.id,
        created_by=own_id(principal),
        created_at=clock(),
        expires_at=clock() + rules.TRANSFER_LIFETIME,
    )
    repos.tell(session, principal, Action.TRANSFER_OFFERED, repository, to=to)
    return TransferResult(offer=_present(session, [row])[0])


def find_offer(session: Session, *, principal: Principal, repository: Repository) -> Transfer:
    """The open offer of a repository; raises ``NotOwner``, ``TransferMissing``."""
    repos.require_owner(principal, repository)
    return _present(session, [_offer(session, principal, repository.id)])[0]


def withdraw(session: Session, *, principal: Principal, repository: Repository) -> None:
    """Raises ``NotOwner``, ``TransferMissing``."""
    repos.require_owner(principal, repository)
    _offer(session, principal, repository.id)
    store.delete_transfer(session, repository.id)
    repos.tell(session, principal, Action.TRANSFER_WITHDRAWN, repository, how="withdrawn")


def list_mine(session: Session, principal: Principal) -> list[Transfer]:
    """What is offered to the caller, and to organisations for which the caller may create."""
    roles = access.organisations_of(session, principal)
    able = [id for id, role in roles.items() if access.allows(role, MemberRole.MAINTAINER)]
    return _present(session, store.transfers_to(session, [own_id(principal), *able], now=principal.asked_at))


def accept(
    session: Session, bounds: StorageBounds, *, principal: Principal, repository_id: UUID, clock: Clock
) -> Repository:
    """Takes what was offered; raises ``TransferMissing``, ``RepositoryExists``, ``RoleMissing`` for who may not create,
    and a ``QuotaExceeded``."""
    row = _offered(session, principal, repository_id)
    access.require_creator(principal)
    repository = repos.get_repository(session, repository_id)
    if not access.allows(role_of(session, row.created_by, repository_place(repository)), MemberRole.OWNER):
        raise TransferMissing("Who offered it may not any more.", remedy="Ask for a new one.")
    return _move(session, bounds, principal, repository, row.account_id, clock)


def decline(session: Session, *, principal: Principal, repository_id: UUID) -> None:
    """Raises ``TransferMissing``."""
    _offered(session, principal, repository_id)
    repository = repos.get_repository(session, repository_id)
    store.delete_transfer(session, repository_id)
    repos.tell(session, principal, Action.TRANSFER_WITHDRAWN, repository, how="declined")


def _move(
    session: Session,
    bounds: StorageBounds,
    principal: Principal,
    repository: Repository,
    target_id: UUID,
    clock: Clock,
) -> Repository:
    """Both sides find it in their log."""
    bounds.require_room(target_id, repos.stored_bytes(session, repository))
    store.delete_transfer(session, repository.id)
    moved = repos.give_to(session, principal=principal, repository_id=repository.id, owner_id=target_id, clock=clock)
    for owner_id in (repository.owner_id, target_id):
        audit.record(
            session,
            principal,
            Action.TRANSFER_DONE,
            subject=repository.address,
            owner_id=owner_id,
            repository_id=repository.id if owner_id == target_id else None,
            after=moved.address,
        )
    return moved


def _offer(session: Session, principal: Principal, repository_id: UUID) -> TransferRow:
    row = store.transfer(session, repository_id, now=principal.asked_at)
    if row is None:
        raise TransferMissing("It was accepted, taken back, or is too old.", remedy="Ask for a new one.")
    return row


def _offered(session: Session, principal: Principal, repository_id: UUID) -> TransferRow:
    """An offer that the caller may answer; for everybody else there is none."""
    row = _offer(session, principal, repository_id)
    role = access.role_in_account(session, principal, row.account_id)
    if not access.allows(role, MemberRole.MAINTAINER):
        raise TransferMissing("It was accepted, taken back, or is too old.", remedy="Ask for a new one.")
    return row


def _present(session: Session, rows: Sequence[TransferRow]) -> list[Transfer]:
    names = accounts.usernames(session, {id for row in rows for id in (row.account_id, row.created_by)})
    known = repos.present_repositories(session, [row.repository_id for row in rows], None)
    return [
        Transfer(
            repository_id=row.repository_id,
            repository=known[row.repository_id].address,
            to=names[row.account_id],
            offered_by=names[row.created_by],
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
        for row in rows
        if row.repository_id in known
    ]
