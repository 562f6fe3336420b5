"""The words of the audit log."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class Action(StrEnum):
    """What can be done that the log tells of; the part before the dot says to what."""

    REPOSITORY_CREATED = "repository.created"
    REPOSITORY_CHANGED = "repository.changed"
    REPOSITORY_SHOWN = "repository.visibility"
    REPOSITORY_PUSHED = "repository.pushed"
    REPOSITORY_DELETED = "repository.deleted"
    TRANSFER_OFFERED = "transfer.offered"
    TRANSFER_WITHDRAWN = "transfer.withdrawn"
    TRANSFER_DONE = "transfer.done"
    VERSION_ASKED = "version.asked"
    VERSION_PUBLISHED = "version.published"
    VERSION_UNPUBLISHED = "version.unpublished"
    VERSION_DELETED = "version.deleted"
    DEPLOYMENT_CHANGED = "deployment.changed"
    DEPLOYMENT_STOPPED = "deployment.stopped"
    ALIAS_SET = "alias.set"
    ALIAS_REMOVED = "alias.removed"
    MEMBER_INVITED = "member.invited"
    MEMBER_INVITATION_ENDED = "member.invitation_ended"
    MEMBER_JOINED = "member.joined"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    ORGANISATION_CREATED = "organisation.created"
    ORGANISATION_CHANGED = "organisation.changed"
    ORGANISATION_DELETED = "organisation.deleted"
    TOKEN_CREATED = "token.created"  # noqa: S105 (not a secret)
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 (not a secret)
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_PASSWORD = "account.password"  # noqa: S105 (not a secret)
    SITE_CHANGED = "site.changed"
    SITE_INVITED = "site.invited"


class AuditEvent(BaseModel):
    """One line of the log. Names are those of then."""

    id: UUID
    at: datetime
    actor: str | None = Field(description="User name; null for what the platform did by itself.")
    via: str = Field(description="`session`, `token`, or `nothing` for the platform itself and its command line.")
    credential: str | None = Field(description="Name of the token; null for none.")
    address: str | None = Field(description="Network address that the request came from; null where there was none.")
    action: Action
    subject: str = Field(description="What it was done to: `owner/name`, or the name of an account.")
    details: dict[str, Any]


class AuditQuery(BaseModel):
    """Which events are wanted; what is null may be anything. ``until`` itself is too late."""

    owner_id: UUID | None = None
    repository_id: UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
