"""The words of access that other rooms use."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Visibility(StrEnum):
    """Who may read a repository besides its owner and administrators."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"


class MemberRole(StrEnum):
    """What a member may do in a repository, or in all repositories of an organisation; each may what those before may.

    ``reader`` reads; ``contributor`` adds branches and what lies beside ``main``; ``maintainer`` changes ``main``,
    makes versions and puts them into service; ``owner`` decides who sees it and who belongs to it, and gives it away.
    """

    READER = "reader"
    CONTRIBUTOR = "contributor"
    MAINTAINER = "maintainer"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class MemberScope:
    """What somebody can be a member of: a repository, or an organisation, by its id."""

    id: UUID
    is_organisation: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """``expires_at``: None for never."""

    account_id: UUID
    role: MemberRole
    expires_at: datetime | None
    created_at: datetime
