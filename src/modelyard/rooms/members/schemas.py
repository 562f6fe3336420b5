"""Members, invitations, organisations and transfers as the API speaks of them."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from modelyard.rooms.access.schemas import MemberRole
from modelyard.rooms.accounts.schemas import Line, Username
from modelyard.rooms.repos.schemas import Repository

Until = AwareDatetime | None


class Member(BaseModel):
    """Somebody who belongs to a repository or an organisation."""

    username: str
    display_name: str
    role: MemberRole
    expires_at: datetime | None = Field(description="When it ends by itself; null for never.")
    since: datetime
    through: str | None = Field(
        None, description="The organisation that they belong to it through; null for a member of its own."
    )


class MemberChange(BaseModel):
    """What the member is from now on; without ``expires_at``, for good."""

    role: MemberRole
    expires_at: Until = None


class NewMemberInvitation(BaseModel):
    """``username`` null: a link that works once, for whoever is signed in and opens it."""

    username: Username | None = None
    role: MemberRole = MemberRole.READER
    expires_in_days: int = Field(7, ge=1, le=90, description="How long it can be accepted.")
    member_until: Until = Field(None, description="When the membership is to end by itself; null for never.")


class MemberInvitation(BaseModel):
    """An open invitation. ``repository`` (its address) or ``organisation`` (its name) is what it is to."""

    id: UUID
    repository: str | None
    organisation: str | None
    username: str | None = Field(description="Whom it is for; null for whoever has the link.")
    role: MemberRole
    member_until: datetime | None
    invited_by: str
    created_at: datetime
    expires_at: datetime


class CreatedMemberInvitation(MemberInvitation):
    secret: str | None = Field(description="What the link holds, shown this once; null for one that names an account.")
    url: str | None = Field(description="The address to hand over; the secret is in it.")


class ShownSecret(BaseModel):
    secret: str = Field(min_length=1, max_length=200)


class NewOrganisation(BaseModel):
    username: Username = Field(description="The owner part of its repositories' addresses; it stays for ever.")
    display_name: Line = ""


class OrganisationChange(BaseModel):
    display_name: Line


class Organisation(BaseModel):
    """An account that people belong to. ``role`` is the caller's there; null for nothing."""

    username: str
    display_name: str
    role: MemberRole | None
    created_at: datetime


class NewTransfer(BaseModel):
    to: Username = Field(description="The account or organisation that is to own the repository.")


class Transfer(BaseModel):
    """A repository on offer."""

    repository_id: UUID
    repository: str
    to: str
    offered_by: str
    created_at: datetime
    expires_at: datetime


class TransferResult(BaseModel):
    """One of the two: the repository where it is now, or the offer that the other side is to accept."""

    repository: Repository | None = None
    offer: Transfer | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "TransferResult":
        if (self.repository is None) == (self.offer is None):
            raise ValueError("either moved or offered")
        return self
