"""HTTP of organisations: ``/api/v1/organisations``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Page
from modelyard.rooms.access.idempotency import HOLDS_SECRET, IdempotentRoute
from modelyard.rooms.access.policies import Anyone, Creator, SignedIn
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.members import inviting, organising, service
from modelyard.rooms.members.policies import Belonging, Governing
from modelyard.rooms.members.schemas import (
    CreatedMemberInvitation,
    Member,
    MemberChange,
    MemberInvitation,
    NewMemberInvitation,
    NewOrganisation,
    Organisation,
    OrganisationChange,
)

router = APIRouter(prefix="/api/v1/organisations", tags=["organisations"], route_class=IdempotentRoute)

Options = Annotated[AccountOptions, Depends(provided(AccountOptions))]
Now = Annotated[Clock, Depends(provided(Clock))]
BELOW = "/{organisation}"


@router.get("", operation_id="list_organisations")
def list_organisations(session: Reading, principal: SignedIn) -> Page[Organisation]:
    """The organisations that the caller belongs to, by name."""
    return Page(items=organising.list_mine(session, principal))


@router.post("", status_code=status.HTTP_201_CREATED, operation_id="create_organisation")
def create_organisation(session: Writing, principal: Creator, wanted: NewOrganisation, clock: Now) -> Organisation:
    """Makes an organisation, whose first owner is the caller."""
    return organising.create_organisation(session, principal=principal, wanted=wanted, clock=clock)


@router.get(BELOW, operation_id="get_organisation")
def get_organisation(session: Reading, principal: Anyone, organisation: str, options: Options) -> Organisation:
    """One organisation."""
    return organising.get_organisation(session, principal=principal, username=organisation, options=options)


@router.patch(BELOW, operation_id="change_organisation")
def change_organisation(
    session: Writing, principal: SignedIn, place: Governing, change: OrganisationChange
) -> Organisation:
    """Changes how it is shown."""
    return organising.change_organisation(session, principal=principal, place=place, change=change)


@router.delete(BELOW, status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_organisation")
def delete_organisation(session: Writing, principal: SignedIn, place: Governing) -> None:
    """Closes an organisation without repositories for good; its name is not given again."""
    organising.delete_organisation(session, principal=principal, place=place)


@router.get(f"{BELOW}/members", operation_id="list_organisation_members")
def list_organisation_members(session: Reading, principal: SignedIn, place: Belonging) -> Page[Member]:
    """Who belongs to it, and as what; members see it."""
    return Page(items=service.list_members(session, principal, place))


@router.put(f"{BELOW}/members/{{username}}", operation_id="change_organisation_member")
def change_organisation_member(
    session: Writing, principal: SignedIn, place: Governing, username: str, change: MemberChange, clock: Now
) -> Member:
    """Makes a member something else. New ones are invited."""
    return service.change_member(
        session, principal=principal, place=place, username=username, change=change, clock=clock
    )


@router.delete(
    f"{BELOW}/members/{{username}}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="remove_organisation_member",
)
def remove_organisation_member(session: Writing, principal: SignedIn, place: Belonging, username: str) -> None:
    """Owners remove anybody; everybody may leave, but the last owner."""
    service.remove_member(session, principal=principal, place=place, username=username)


@router.get(f"{BELOW}/invitations", operation_id="list_organisation_invitations")
def list_organisation_invitations(session: Reading, principal: SignedIn, place: Governing) -> Page[MemberInvitation]:
    """The open invitations to it, newest first."""
    return Page(items=inviting.list_invitations(session, principal=principal, place=place))


@router.post(
    f"{BELOW}/invitations",
    status_code=status.HTTP_201_CREATED,
    dependencies=[HOLDS_SECRET],
    operation_id="invite_organisation_member",
)
def invite_organisation_member(
    session: Writing,
    principal: SignedIn,
    place: Governing,
    wanted: NewMemberInvitation,
    options: Options,
    clock: Now,
) -> CreatedMemberInvitation:
    """Invites an account, or makes a link that works once; the answer is the only place where it is ever shown."""
    return inviting.invite(session, principal=principal, place=place, wanted=wanted, options=options, clock=clock)


@router.delete(
    f"{BELOW}/invitations/{{invitation_id}}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="withdraw_organisation_invitation",
)
def withdraw_organisation_invitation(
    session: Writing, principal: SignedIn, place: Governing, invitation_id: UUID
) -> None:
    """Takes an invitation back."""
    inviting.withdraw(session, principal=principal, place=place, invitation_id=invitation_id)
