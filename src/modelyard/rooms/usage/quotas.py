"""Quotas: how much an account may use, what is left, and who is refused."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import service as repos
from modelyard.rooms.usage import rules, store
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.schemas import Quota, QuotaKind


class StorageQuotas:
    """The port ``content.ports.StorageBounds`` on the database."""

    def __init__(self, database: Database, options: UsageOptions, *, clock: Clock) -> None:
        self._database = database
        self._options = options
        self._clock = clock

    def require_room(self, account_id: UUID, size: int) -> None:
        with self._database.read() as session:
            needs = {QuotaKind.STORAGE_BYTES: float(size)}
            require_quota(session, self._options, account_id, needs=needs, now=self._clock())

    def room(self, account_id: UUID) -> int | None:
        with self._database.read() as session:
            quotas = left(session, self._options, account_id, now=self._clock())
        found = next(quota.left for quota in quotas if quota.kind is QuotaKind.STORAGE_BYTES)
        return None if found is None else int(found)


def left(
    session: Session,
    options: UsageOptions,
    account_id: UUID,
    *,
    now: datetime,
    held: Mapping[QuotaKind, float] | None = None,
) -> list[Quota]:
    """Every quota of the account, with what is used and left of it.

    ``held`` is what only the caller knows: how many runs of the account are under way (``concurrent_runs``).
    """
    own = store.quotas(session, account_id)
    limits = {kind: own.get(kind.value, options.quotas.get(kind)) for kind in QuotaKind}
    used = _used(session, account_id, now) | dict(held or {})
    return [
        _quota(kind, limit, used.get(kind), now, is_default=kind.value not in own) for kind, limit in limits.items()
    ]


def require_quota(
    session: Session,
    options: UsageOptions,
    account_id: UUID,
    *,
    needs: Mapping[QuotaKind, float],
    now: datetime,
    held: Mapping[QuotaKind, float] | None = None,
) -> None:
    """Refuses what would go beyond a quota of the account: for each kind in ``needs``, that much must be left, and of
    what is used up even 0 is too much.

    Raises ``QuotaUsedUp`` (402, until the month ends), ``StorageUsedUp`` (402), ``TooManyAtOnce`` (429; tell how many
    are under way by ``held``). One query where no quota is set.
    """
    own = store.quotas(session, account_id)
    if not any(own.get(kind.value, options.quotas.get(kind)) is not None for kind in needs):
        return
    for quota in left(session, options, account_id, now=now, held=held):
        if quota.kind in needs:
            rules.require_left(quota, needs[quota.kind])


def set_quotas(session: Session, account_id: UUID, quotas: Mapping[QuotaKind, float | None]) -> None:
    """Gives the account these quotas of its own, instead of those it had. Raises ``QuotaInvalid``."""
    rules.require_amounts(quotas)
    store.set_quotas(session, account_id, {kind.value: amount for kind, amount in quotas.items()})


def _used(session: Session, account_id: UUID, now: datetime) -> dict[QuotaKind, float]:
    """This month's sums, and the bytes held now."""
    sums = store.day_sums(
        session, account_id, since=rules.month_of(now), until=rules.day_of(now), by=(), limit=len(QuotaKind) + 1
    )
    by_kind = {row.kind: row.quantity for row in sums}
    used = {kind: by_kind.get(kind.value, 0.0) for kind in QuotaKind if kind not in rules.NOW}
    held = content.bytes_held(session, repos.holders(account_id)).get(account_id, 0)
    in_git = repos.git_bytes(session, account_id).get(account_id, 0)
    return used | {QuotaKind.STORAGE_BYTES: float(held + in_git)}


def _quota(kind: QuotaKind, limit: float | None, used: float | None, now: datetime, *, is_default: bool) -> Quota:
    return Quota(
        kind=kind,
        limit=limit,
        used=used,
        left=None if limit is None else max(0.0, limit - (used or 0.0)),
        renews_at=None if kind in rules.NOW else rules.renewal(now),
        is_default=is_default,
    )
