"""Remembering who tried which version, while they do."""

import logging
import threading
from uuid import UUID

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.feedback import store
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import Use

log = logging.getLogger("modelyard.feedback")

SEEN_KEPT = 100_000


class Uses:
    """The port ``repos.ports.UseLog`` on the database. Thread-safe; what it has written it does not write again."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: set[tuple[UUID, UUID, int, Use]] = set()
        self._lock = threading.Lock()

    def is_new(self, principal: Principal, *, repository_id: UUID, version: int, how: Use) -> bool:
        """Whether ``note`` would write: for callers that may not block."""
        return principal.account_id is not None and (
            (principal.account_id, repository_id, version, how) not in self._seen
        )

    def note(self, principal: Principal, *, repository_id: UUID, version: int, how: Use) -> None:
        if principal.account_id is None or not self.is_new(
            principal, repository_id=repository_id, version=version, how=how
        ):
            return
        try:
            self._write(principal.account_id, repository_id, version, how)
        except Exception:  # a use that is not remembered now is when it happens again
            log.warning("a use of %s v%s could not be remembered", repository_id, version, exc_info=True)

    def _write(self, account_id: UUID, repository_id: UUID, version: int, how: Use) -> None:
        with self._database.write() as session:
            repos.require_present(session, repository_id)
            is_first = store.add_use(
                session,
                {
                    "account_id": account_id,
                    "repository_id": repository_id,
                    "version": version,
                    "how": how.value,
                    "at": self._clock(),
                    "declined": False,
                },
            )
            if is_first and how is Use.DOWNLOAD:
                repos.count_download(session, repository_id)
        with self._lock:
            if len(self._seen) >= SEEN_KEPT:
                self._seen.clear()
            self._seen.add((account_id, repository_id, version, how))
