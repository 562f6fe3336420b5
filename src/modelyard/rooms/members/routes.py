"""HTTP of members, invitations and transfers: below ``/api/v1/repos/{owner}/{name}`` and ``/api/v1/account``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Page
from modelyard.rooms.access.idempotency import HOLDS_SECRET, IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.members import inviting, service, transferring
from modelyard.rooms.members.places import repository_place
from modelyard.rooms.members.schemas import (
    CreatedMemberInvitation,
    Member,
    MemberChange,
    MemberInvitation,
    NewMemberInvitation,
    NewTransfer,
    ShownSecret,
    Transfer,
    TransferResult,
)
from modelyard.rooms.repos.policies import Joined, Owned
from modelyard.rooms.repos.schemas import Repository

router = APIRouter(prefix="/api/v1", tags=["members"], route_class=IdempotentRoute)

Options = Annotated[AccountOptions, Depends(provided(AccountOptions))]
Bounds = Annotated[StorageBounds, Depends(provided(StorageBounds))]
Now = Annotated[Clock, Depends(provided(Clock))]
BELOW = "/repos/{owner}/{name}"


@router.get(f"{BELOW}/members", operation_id="list_members")
def list_members(session: Reading, principal: SignedIn, repository: Joined) -> Page[Member]:
    """Who belongs to the repository, and as what; members see it."""
    return Page(items=service.list_repository_members(session, principal, repository))


@router.put(f"{BELOW}/members/{{username}}", operation_id="change_member")
def change_member(
    session: Writing, principal: SignedIn, repository: Owned, username: str, change: MemberChange, clock: Now
) -> Member:
    """Makes a member something else. New ones are invited."""
    place = repository_place(repository)
    return service.change_member(
        session, principal=principal, place=place, username=username, change=change, clock=clock
    )


@router.delete(f"{BELOW}/members/{{username}}", status_code=status.HTTP_204_NO_CONTENT, operation_id="remove_member")
def remove_member(session: Writing, principal: SignedIn, repository: Joined, username: str) -> None:
    """Owners remove anybody; everybody may leave."""
    service.remove_member(session, principal=principal, place=repository_place(repository), username=username)


@router.get(f"{BELOW}/invitations", operation_id="list_member_invitations")
def list_member_invitations(session: Reading, principal: SignedIn, repository: Owned) -> Page[MemberInvitation]:
    """The open invitations to the repository, newest first."""
    place = repository_place(repository)
    return Page(items=inviting.list_invitations(session, principal=principal, place=place))


@router.post(
    f"{BELOW}/invitations",
    status_code=status.HTTP_201_CREATED,
    dependencies=[HOLDS_SECRET],
    operation_id="invite_member",
)
def invite_member(
    session: Writing,
    principal: SignedIn,
    repository: Owned,
    wanted: NewMemberInvitation,
    options: Options,
    clock: Now,
) -> CreatedMemberInvitation:
    """Invites an account, or makes a link that works once; the answer is the only place where it is ever shown."""
    place = repository_place(repository)
    return inviting.invite(session, principal=principal, place=place, wanted=wanted, options=options, clock=clock)


@router.delete(
    f"{BELOW}/invitations/{{invitation_id}}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="withdraw_member_invitation",
)
def withdraw_member_invitation(session: Writing, principal: SignedIn, repository: Owned, invitation_id: UUID) -> None:
    """Takes an invitation back."""
    place = repository_place(repository)
    inviting.withdraw(session, principal=principal, place=place, invitation_id=invitation_id)


@router.get(f"{BELOW}/transfer", operation_id="get_transfer")
def get_transfer(session: Reading, principal: SignedIn, repository: Owned) -> Transfer:
    """To whom the repository is on offer."""
    return transferring.find_offer(session, principal=principal, repository=repository)


@router.post(f"{BELOW}/transfer", operation_id="transfer_repository")
def transfer_repository(
    session: Writing, bounds: Bounds, principal: SignedIn, repository: Owned, wanted: NewTransfer, clock: Now
) -> TransferResult:
    """Gives the repository to another account: at once where the caller may create there, else when it is accepted."""
    return transferring.transfer(session, bounds, principal=principal, repository=repository, to=wanted.to, clock=clock)


@router.delete(f"{BELOW}/transfer", status_code=status.HTTP_204_NO_CONTENT, operation_id="withdraw_transfer")
def withdraw_transfer(session: Writing, principal: SignedIn, repository: Owned) -> None:
    """Takes the offer back."""
    transferring.withdraw(session, principal=principal, repository=repository)


@router.get("/account/invitations", operation_id="list_own_invitations")
def list_own_invitations(session: Reading, principal: SignedIn) -> Page[MemberInvitation]:
    """The invitations that name the caller, newest first."""
    return Page(items=inviting.list_mine(session, principal))


@router.post("/account/invitations/{invitation_id}/accept", operation_id="accept_invitation")
def accept_invitation(session: Writing, principal: SignedIn, invitation_id: UUID, clock: Now) -> MemberInvitation:
    """Makes the caller a member."""
    return inviting.accept(session, principal=principal, invitation_id=invitation_id, clock=clock)


@router.delete(
    "/account/invitations/{invitation_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="decline_invitation"
)
def decline_invitation(session: Writing, principal: SignedIn, invitation_id: UUID) -> None:
    """Says no."""
    inviting.decline(session, principal=principal, invitation_id=invitation_id)


@router.post("/account/invitation-link/look", operation_id="look_at_invitation_link")
def look_at_invitation_link(session: Writing, principal: SignedIn, shown: ShownSecret) -> MemberInvitation:
    """What a link offers; nothing changes. The secret is in the body, which no log keeps."""
    return inviting.look_at_link(session, principal, secret=shown.secret)


@router.post("/account/invitation-link/accept", operation_id="accept_invitation_link")
def accept_invitation_link(session: Writing, principal: SignedIn, shown: ShownSecret, clock: Now) -> MemberInvitation:
    """Makes the caller a member; the link works once."""
    return inviting.accept_link(session, principal=principal, secret=shown.secret, clock=clock)


@router.get("/account/transfers", operation_id="list_own_transfers")
def list_own_transfers(session: Reading, principal: SignedIn) -> Page[Transfer]:
    """The repositories that are offered to the caller, or to organisations for which the caller may accept."""
    return Page(items=transferring.list_mine(session, principal))


@router.post("/account/transfers/{repository_id}/accept", operation_id="accept_transfer")
def accept_transfer(
    session: Writing, bounds: Bounds, principal: SignedIn, repository_id: UUID, clock: Now
) -> Repository:
    """Takes the repository."""
    return transferring.accept(session, bounds, principal=principal, repository_id=repository_id, clock=clock)


@router.delete(
    "/account/transfers/{repository_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="decline_transfer"
)
def decline_transfer(session: Writing, principal: SignedIn, repository_id: UUID) -> None:
    """Says no."""
    transferring.decline(session, principal=principal, repository_id=repository_id)
