"""Who is who: principals, roles, scopes, and what the API says of accounts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints


class Role(StrEnum):
    """What an account may do on the site: read and run; also create; also administer."""

    READER = "reader"
    CREATOR = "creator"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """What a token may be used for. A session holds all scopes."""

    READ = "read"
    WRITE = "write"
    PREDICT = "predict"
    ADMIN = "admin"


class SignUp(StrEnum):
    CLOSED = "closed"
    INVITED = "invited"
    OPEN = "open"


class Via(StrEnum):
    """How a principal proved who they are."""

    NOTHING = "nothing"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 (not a secret)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``account_id`` is None for the anonymous principal.

    ``only_repository`` limits the principal to one repository (the short-lived token that the web page uses to call a
    served model).
    """

    account_id: UUID | None = None
    username: str | None = None
    role: Role | None = None
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    via: Via = Via.NOTHING
    only_repository: UUID | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.account_id is None

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR


ANONYMOUS = Principal(scopes=frozenset({Scope.READ, Scope.PREDICT}))

Username = Annotated[str, StringConstraints(min_length=2, max_length=39, pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$")]
Password = Annotated[str, StringConstraints(min_length=10, max_length=200)]


class Account(BaseModel):
    """A person or organisation as others see it."""

    id: UUID
    username: str
    display_name: str
    role: Role
    disabled: bool
    created_at: datetime


class SessionInfo(BaseModel):
    """Who is signed in (null: nobody) and how this site takes new people."""

    account: Account | None
    sign_up: SignUp
    require_sign_in: bool


class Credentials(BaseModel):
    username: str = Field(max_length=200)
    password: str = Field(max_length=200)
