"""Decisions about accounts, without input or output."""

import ipaddress
import re
from collections.abc import Collection, Sequence
from datetime import datetime

from modelyard.rooms.accounts.errors import AdministratorsInPerson, PasswordRefused, ScopeNotYours, UsernameRefused
from modelyard.rooms.accounts.schemas import MAX_PASSWORD, MIN_PASSWORD, Role, Scope, SignUp, Via

USERNAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
"""A path component of OCI's repository names (distribution-spec, "Pulling manifests"), with single separators."""

MAX_TOKENS = 100

RESERVED = frozenset(
    """
    about access account accounts activity admin administrator administrators all annotations anonymous anyone api app
    apps artifacts assets audit auth billing blobs boxes bundles cards categories client contact content corrections
    dashboard datasets deployments dev docs doctor download downloads drawing dvc errors everyone experiments explore
    favicon.ico favicon.svg features feedback files fonts git graphql guides health healthz help home icons images index
    index.html invitations invocations invoices issues jobs join js legal lfs login logo logout manifest.json
    manifest.webmanifest me members metrics mlflow model models modelyard monitoring monitors mutations new news
    nobody none notebooks null oauth operations organisations organizations orgs packages pages password
    ping pipeline-runs pipeline_runs pipelines predict predictions pricing privacy public queue ready readyz register
    registry reports repos repositories requests robots.txt root runners runs save-image save_image scim search
    security serve service sessions settings share sign-in sign-out sign-up signin signout signup site sitemap.xml
    sources sso stars static stats status storage support sw.js system tags tasks terms theme.js token tokens tour
    undefined unknown uploads usage user username users v1 v2 v3 version versions web webhooks welcome well-known wiki
    www
    """.split()  # noqa: SIM905 (words read better than a hundred quoted lines)
)
"""Words that are addresses of the site, now or as planned, and words that would deceive as the name of a person."""


def check_username(username: str) -> None:
    """Raises ``UsernameRefused`` unless the name may become the owner part of an address."""
    if not 2 <= len(username) <= 39 or not USERNAME.fullmatch(username):
        raise UsernameRefused(
            f"'{username[:60]}' is not a user name.",
            remedy="Use 2 to 39 lower-case letters and digits, with single '.', '_' or '-' between them.",
            field="username",
        )
    if username in RESERVED:
        raise UsernameRefused(
            f"'{username}' is an address of this site.", remedy="Choose another name.", field="username"
        )


def check_password(password: str, *, username: str, field: str = "password") -> None:
    """Raises ``PasswordRefused`` for a password of the wrong length, or one that a guesser tries first."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PasswordRefused(
            f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", remedy="Choose another.", field=field
        )
    letters = password.casefold()
    if username.casefold() in letters and len(letters) - len(username) < 6:
        raise PasswordRefused(
            "The password is nearly the user name.", remedy="Choose one that is not made from it.", field=field
        )
    if len(set(letters)) < 4:
        raise PasswordRefused(
            "The password has fewer than four different characters.", remedy="Choose a less regular one.", field=field
        )


def check_scopes(scopes: Collection[Scope], *, role: Role) -> None:
    """Raises ``ScopeNotYours`` when the role has no use for one of the scopes."""
    if Scope.ADMIN in scopes and role is not Role.ADMINISTRATOR:
        raise ScopeNotYours("Only administrators make tokens with the scope 'admin'.", remedy="Leave 'admin' out.")


def check_grant(via: Via, *, role: Role | None) -> None:
    """Raises ``AdministratorsInPerson`` when a token would make an administrator, whom its end would not end."""
    if role is Role.ADMINISTRATOR and via is not Via.SESSION:
        raise AdministratorsInPerson(
            "A token cannot make administrators.", remedy="Sign in on the site and do it there.", field="role"
        )


def sign_up_role(mode: SignUp, *, invited_as: Role | None, open_role: Role) -> Role | None:
    """The role that a newcomer gets; None when the site does not take them. An invitation counts in every mode."""
    if invited_as is not None:
        return invited_as
    return open_role if mode is SignUp.OPEN else None


def loses_administrator(*, role: Role, disabled: bool, new_role: Role, new_disabled: bool) -> bool:
    """Whether a change takes an account out of the administrators who can sign in."""
    return (role is Role.ADMINISTRATOR and not disabled) and (new_role is not Role.ADMINISTRATOR or new_disabled)


def is_over(expires_at: datetime | None, *, now: datetime) -> bool:
    """Whether something with this expiry (None: never) is no longer good; the moment of expiry itself is too late."""
    return expires_at is not None and expires_at <= now


def client_address(peer: str | None, forwarded_for: str | None, *, trusted: Sequence[str]) -> str:
    """Who really calls: the last address of ``X-Forwarded-For`` that no trusted proxy has.

    ``peer`` is the other end of the connection (None on a Unix socket, which only a proxy of this machine reaches).
    The header counts only when ``peer`` is trusted: anybody can send one. ``trusted`` are addresses or networks.
    """
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    address = peer or "local"
    while hops and _is_trusted(address, trusted):
        address = hops.pop()
    return address


def _is_trusted(address: str, trusted: Sequence[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address == "local" and "local" in trusted
    return any(found in ipaddress.ip_network(network, strict=False) for network in trusted if network != "local")
