"""Passwords: Argon2id hashes, checked in equal time whether or not there is an account."""

import secrets
import threading
from functools import cache

from pwdlib import PasswordHash

_hasher = PasswordHash.recommended()
_at_once = threading.BoundedSemaphore(4)
"""A hash takes 64 MiB and tens of milliseconds of every core: strangers must not be able to start many together."""


def hash_password(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password fits. Without a hash (unknown user, no password set) it costs the same and is False."""
    with _at_once:
        fits = _hasher.verify(password, password_hash or _nobody_hash())
    return fits and password_hash is not None


def new_password() -> str:
    """A password to be handed over once: 96 random bits."""
    return secrets.token_urlsafe(12)


@cache
def _nobody_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))
