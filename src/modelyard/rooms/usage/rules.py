"""Decisions about usage, without any database."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from modelyard.rooms.usage.errors import PeriodInvalid, QuotaInvalid, QuotaUsedUp, StorageUsedUp, TooManyAtOnce
from modelyard.rooms.usage.schemas import Entry, Quota, QuotaKind

GB = 1e9
NO_REPOSITORY = UUID(int=0)
NO_VERSION = 0
NOW = frozenset({QuotaKind.STORAGE_BYTES, QuotaKind.CONCURRENT_RUNS})
"""Kinds that are bounded at a moment, not over a month."""
LARGEST_QUOTA = 1e18


def day_of(at: datetime) -> date:
    """The day, in UTC, that something counts for."""
    return at.astimezone(UTC).date()


def month_of(now: datetime) -> date:
    """The first day of the month (UTC)."""
    return day_of(now).replace(day=1)


def renewal(now: datetime) -> datetime:
    """When the next month begins."""
    following = (month_of(now) + timedelta(days=32)).replace(day=1)
    return datetime(following.year, following.month, 1, tzinfo=UTC)


def period(since: date | None, until: date | None, *, now: datetime) -> tuple[date, date]:
    """First and last day; by default the month of ``until`` up to today. Raises ``PeriodInvalid``."""
    last = until or day_of(now)
    first = since or last.replace(day=1)
    if first > last:
        raise PeriodInvalid("The period ends before it begins.", remedy="Exchange since and until.", field="since")
    return first, last


def moments(since: date, until: date) -> tuple[datetime, datetime]:
    """The beginning of the first day and the end of the last."""
    first = datetime(since.year, since.month, since.day, tzinfo=UTC)
    last = datetime(until.year, until.month, until.day, tzinfo=UTC)
    return first, min(last, datetime.max.replace(tzinfo=UTC) - timedelta(days=1)) + timedelta(days=1)


def counted(entries: Iterable[Entry]) -> list[Entry]:
    """Those that say something, in an order that two writers share. Raises ``ValueError`` for what is no quantity."""
    entries = sorted(entries, key=lambda entry: (entry.source, entry.kind))
    for entry in entries:
        if not math.isfinite(entry.quantity) or entry.quantity < 0:
            raise ValueError(f"{entry.quantity} {entry.kind} of {entry.source}")
    return [entry for entry in entries if entry.quantity]


def days(records: Iterable[Any]) -> list[dict[str, Any]]:
    """The rows of the daily sums that new records change, each once, in an order that two writers share."""
    sums: dict[tuple[UUID, date, str, UUID, int], float] = defaultdict(float)
    for record in records:
        place = (record.repository_id or NO_REPOSITORY, record.version or NO_VERSION)
        sums[record.account_id, day_of(record.at), record.kind, *place] += record.quantity
    names = ("account_id", "day", "kind", "repository_id", "version")
    return [dict(zip(names, key, strict=True)) | {"quantity": sums[key]} for key in sorted(sums)]


def grown(before: float | None, now: float) -> float:
    """What a meter has counted since it was read: one that stands lower than before began anew."""
    return now if before is None or now < before else now - before


def whole_hours(after: datetime, now: datetime) -> list[datetime]:
    """The full hours behind ``after``, up to ``now``."""
    first = after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    count = int((now - first) / timedelta(hours=1)) + 1 if now >= first else 0
    return [first + timedelta(hours=n) for n in range(count)]


def require_amounts(quotas: Mapping[QuotaKind, float | None]) -> None:
    """Raises ``QuotaInvalid`` for what is not a number from 0 to 10¹⁸."""
    for kind, amount in quotas.items():
        if amount is not None and not 0 <= amount <= LARGEST_QUOTA:
            raise QuotaInvalid(
                f"{kind}: {amount:g} is not a quota.",
                remedy="Give a number from 0 to 1e18, or null for no bound.",
                field=f"quotas.{kind}",
            )


def require_left(quota: Quota, need: float) -> None:
    """Raises what fits the quota unless ``need`` more may be used; of nothing left, not even nothing may be."""
    if quota.left is None or (quota.left > 0 and need <= quota.left):
        return
    detail = f"{quota.kind}: {quota.left:.12g} of {quota.limit:.12g} left, {need:.12g} asked for."
    if quota.kind is QuotaKind.CONCURRENT_RUNS:
        raise TooManyAtOnce(quota, detail, remedy="Wait until one of your runs has ended, or cancel one.")
    if quota.kind is QuotaKind.STORAGE_BYTES:
        raise StorageUsedUp(quota, detail, remedy="Delete what you need no more, or ask an administrator for more.")
    when = f"{quota.renews_at:%Y-%m-%d} (UTC)" if quota.renews_at else "the next month"
    raise QuotaUsedUp(quota, detail, remedy=f"Wait until {when}, or ask an administrator for more.")
