"""Who is who: principals, roles, scopes, and what the API says of accounts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from modelyard.kit.clock import system_clock


class Role(StrEnum):
    """What an account may do on the site: read and run; also create; also administer."""

    READER = "reader"
    CREATOR = "creator"
    ADMINISTRATOR = "administrator"


class AccountKind(StrEnum):
    """Who signs in, and what people belong to."""

    PERSON = "person"
    ORGANISATION = "organisation"


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
    served model). ``credential_id`` is the session or token that was shown, ``credential`` the token's name; None for
    the anonymous. ``address`` is where the request came from, None for work without one. What expires counts as of
    ``asked_at``.
    """

    account_id: UUID | None = None
    username: str | None = None
    role: Role | None = None
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    via: Via = Via.NOTHING
    only_repository: UUID | None = None
    credential_id: UUID | None = None
    credential: str | None = None
    address: str | None = None
    asked_at: datetime = field(default_factory=system_clock, compare=False)

    @property
    def is_anonymous(self) -> bool:
        return self.account_id is None

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR


ANONYMOUS = Principal(scopes=frozenset({Scope.READ, Scope.PREDICT}))

Username = Annotated[str, StringConstraints(min_length=2, max_length=39, pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$")]
MIN_PASSWORD, MAX_PASSWORD = 10, 200
Password = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)]
"""One line of text; PostgreSQL stores no NUL, and nobody wants line breaks in a name."""


class Account(BaseModel):
    """A person or organisation as others see it."""

    id: UUID
    username: str
    display_name: str
    kind: AccountKind
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


class NewSignUp(BaseModel):
    """A newcomer; ``invitation`` is the secret of the link they were given, where the site asks for one."""

    username: Username
    display_name: Line = ""
    password: Password
    invitation: str | None = Field(None, max_length=200)


class PasswordChange(BaseModel):
    old_password: str = Field(max_length=200)
    new_password: Password


class OwnChanges(BaseModel):
    """What people may change about themselves."""

    display_name: Line


class NewAccount(BaseModel):
    """An account made by an administrator. Without a password one is generated and answered once."""

    username: Username
    display_name: Line = ""
    role: Role = Role.CREATOR
    password: Password | None = None


class CreatedAccount(BaseModel):
    account: Account
    password: str | None = Field(description="The generated password, shown this once; null when one was given.")


class AccountChanges(BaseModel):
    """What an administrator changes; absent or null stays as it is."""

    role: Role | None = None
    disabled: bool | None = None
    display_name: Line | None = None


class ResetPassword(BaseModel):
    password: str = Field(description="The new password, shown this once.")


class NewToken(BaseModel):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PRINTABLE)]
    scopes: set[Scope] = Field(min_length=1)
    expires_in_days: int | None = Field(None, ge=1, le=3650, description="Null: until it is revoked.")


class Token(BaseModel):
    """An API token without its secret."""

    id: UUID
    name: str
    hint: str = Field(description="The last four characters of the secret.")
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute; null: never.")


class CreatedToken(Token):
    secret: str = Field(description="The token itself, shown this once.")


class NewInvitation(BaseModel):
    role: Role = Role.CREATOR
    expires_in_days: int = Field(7, ge=1, le=90)


class Invitation(BaseModel):
    id: UUID
    role: Role
    created_at: datetime
    expires_at: datetime


class CreatedInvitation(Invitation):
    secret: str = Field(description="What the newcomer shows, shown this once.")
    url: str = Field(description="The address to hand over; the secret is in it.")


class Site(BaseModel):
    """How this site takes new people. ``sign_up_role`` is what they get who sign up without an invitation."""

    sign_up: SignUp
    sign_up_role: Role
    require_sign_in: bool


class SiteChanges(BaseModel):
    """Absent or null stays as it is."""

    sign_up: SignUp | None = None
    sign_up_role: Literal[Role.READER, Role.CREATOR] | None = None
