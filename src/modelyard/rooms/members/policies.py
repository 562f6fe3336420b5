"""Dependencies for routes below ``/organisations/{organisation}``: they find it and decide whether the caller may."""

from typing import Annotated

from fastapi import Depends

from modelyard.kit.http import Reading, policy
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.access.schemas import MemberRole
from modelyard.rooms.members import organising
from modelyard.rooms.members.places import Place


@policy("organisation member")
def belonging(session: Reading, principal: SignedIn, organisation: str) -> Place:
    """Its members, and administrators."""
    return organising.find_place(session, principal, organisation, needed=MemberRole.READER)


@policy("organisation owner")
def governing(session: Reading, principal: SignedIn, organisation: str) -> Place:
    """Its owners, and administrators."""
    return organising.find_place(session, principal, organisation, needed=MemberRole.OWNER)


Belonging = Annotated[Place, Depends(belonging)]
Governing = Annotated[Place, Depends(governing)]
