"""Secrets that have to be shown again to somebody else, such as passwords of other services: encrypted at rest."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from modelyard.kit.errors import Unavailable


class SecretUnreadable(Unavailable):
    code = "secret_unreadable"
    title = "A stored secret cannot be read with the keys of this server"


class SecretBox:
    """Encrypts with the keys of a file, one a line (Fernet): the first one encrypts, all of them decrypt, so a new key
    is put first to change keys. The file is made where there is none; only its owner may read it."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            _make(file)
        self._keys = MultiFernet([Fernet(line) for line in file.read_text().split()])

    def seal(self, secret: str) -> str:
        """The secret, encrypted."""
        return self._keys.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed; raises ``SecretUnreadable`` without its key."""
        try:
            return self._keys.decrypt(sealed).decode()
        except InvalidToken as e:
            raise SecretUnreadable(remedy="Restore the key file secrets.key, or enter the secret again.") from e


def _make(file: Path) -> None:
    partial = file.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(Fernet.generate_key() + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    partial.rename(file)
