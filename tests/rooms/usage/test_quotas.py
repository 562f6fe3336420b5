"""Quotas: the site's and the account's own, what is left of them, and who is refused."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from modelyard.kit.db import Database
from modelyard.rooms.content import store as content
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.errors import QuotaInvalid, QuotaUsedUp, StorageUsedUp, TooManyAtOnce
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.schemas import Quota, QuotaKind
from rooms.usage.ledgers import NOON, account, entry, record, repository

CPU, STORAGE, AT_ONCE = QuotaKind.CPU_SECONDS, QuotaKind.STORAGE_BYTES, QuotaKind.CONCURRENT_RUNS
SITE = UsageOptions({CPU: 10.0, STORAGE: 1000.0, AT_ONCE: 2.0})


def quota(db: Database, account_id: UUID, kind: QuotaKind, now: datetime = NOON) -> Quota:
    with db.read() as session:
        return next(one for one in usage.left(session, SITE, account_id, now=now) if one.kind is kind)


def require(
    db: Database, account_id: UUID, needs: dict[QuotaKind, float], now: datetime = NOON, running: int = 0
) -> None:
    with db.read() as session:
        usage.require_quota(session, SITE, account_id, needs=needs, now=now, held={AT_ONCE: running})


def set_quotas(db: Database, account_id: UUID, quotas: dict[QuotaKind, float | None]) -> None:
    with db.write() as session:
        usage.set_quotas(session, account_id, quotas)


def test_what_is_left_of_the_month(db: Database) -> None:
    ada = account(db)
    last_month = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    record(db, entry(ada, "a", 4.0), entry(ada, "b", 100.0, at=last_month), entry(account(db, "bob"), "c", 5.0))
    found = quota(db, ada, CPU)
    assert (found.limit, found.used, found.left, found.is_default) == (10.0, 4.0, 6.0, True)
    assert found.renews_at == datetime(2026, 12, 1, tzinfo=UTC)
    free = quota(db, ada, QuotaKind.PREDICTIONS)
    assert (free.limit, free.used, free.left) == (None, 0.0, None)


def test_a_used_up_month_refuses_until_the_next(db: Database) -> None:
    ada = account(db)
    require(db, ada, {CPU: 10})
    record(db, entry(ada, "a", 7.0))
    require(db, ada, {CPU: 3})
    with pytest.raises(QuotaUsedUp) as refused:
        require(db, ada, {CPU: 4})
    assert refused.value.status == 402
    assert refused.value.quota.left == 3.0
    assert "3 of 10 left" in refused.value.detail
    assert "2026-12-01" in refused.value.remedy
    record(db, entry(ada, "b", 5.0))
    assert quota(db, ada, CPU).left == 0.0
    with pytest.raises(QuotaUsedUp):
        require(db, ada, {CPU: 0})
    require(db, ada, {QuotaKind.RUNS: 1})
    require(db, ada, {CPU: 10}, now=NOON + timedelta(days=10))


def test_an_accounts_own_quota_wins(db: Database) -> None:
    ada, bob = account(db), account(db, "bob")
    set_quotas(db, ada, {CPU: 50.0, STORAGE: None})
    require(db, ada, {CPU: 50, STORAGE: 1e12})
    assert not quota(db, ada, CPU).is_default
    assert quota(db, ada, STORAGE).limit is None
    with pytest.raises(QuotaUsedUp):
        require(db, bob, {CPU: 50})
    set_quotas(db, ada, {})
    assert quota(db, ada, CPU).limit == 10.0
    set_quotas(db, ada, {CPU: 0})
    with pytest.raises(QuotaUsedUp):
        require(db, ada, {CPU: 0})


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf"), 1e19])
def test_what_is_no_quota_is_refused(db: Database, amount: float) -> None:
    with pytest.raises(QuotaInvalid) as refused:
        set_quotas(db, account(db), {CPU: amount})
    assert refused.value.field == "quotas.cpu_seconds"


def hold(db: Database, holder_id: UUID, digit: str, size: int, why: str = "lfs") -> None:
    digest = f"sha256:{digit * 64}"
    with db.write() as session:
        content.insert_blob(session, digest=digest, size=size, at=NOON, unheld_since=None)
        content.insert_grant(session, holder_id=holder_id, digest=digest, why=why, at=NOON)


def test_storage_is_what_is_held_now_each_blob_once_for_its_owner(db: Database) -> None:
    ada, bob = account(db), account(db, "bob")
    one, other, his = repository(db, ada, "one"), repository(db, ada, "other"), repository(db, bob)
    for holder in (one, other, ada, his):
        hold(db, holder, "1", 300)
    hold(db, one, "2", 400, why="image:v1")
    hold(db, one, "2", 400, why="image:v2")
    assert quota(db, ada, STORAGE).used == 700.0
    assert quota(db, bob, STORAGE).used == 300.0
    require(db, ada, {STORAGE: 300})
    with pytest.raises(StorageUsedUp) as refused:
        require(db, ada, {STORAGE: 301})
    assert refused.value.status == 402
    assert refused.value.quota.renews_at is None


def test_too_many_at_once_may_try_again_soon(db: Database) -> None:
    ada = account(db)
    require(db, ada, {AT_ONCE: 1}, running=1)
    with pytest.raises(TooManyAtOnce) as refused:
        require(db, ada, {AT_ONCE: 1}, running=2)
    assert (refused.value.status, refused.value.headers()) == (429, {"Retry-After": "10"})
