"""What is not told by anybody but must be looked at: meters that count upwards, and what is held from hour to hour."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import service as repos
from modelyard.rooms.usage import ledger, rules, store
from modelyard.rooms.usage.schemas import Entry, UsageKind

STORAGE = "storage:"
HOUR = "storage-hour"
"""The meter whose time is the last full hour for which storage was recorded."""


def read_meters(
    session: Session,
    name: str,
    readings: Mapping[UsageKind, float | None],
    *,
    account_id: UUID,
    repository_id: UUID | None,
    version: int | None,
    at: datetime,
) -> None:
    """Records by how much the meters of ``name`` have grown since they were read last; None tells nothing.

    ``at`` is when they were read: readings older than the last are left out. A meter that stands lower than before
    began anew. Meters that are read first began at nothing.
    """
    known = store.meters(session, f"{name}:")
    entries = []
    for kind, value in readings.items():
        meter, before = f"{name}:{kind}", known.get(f"{name}:{kind}")
        if value is None or (before is not None and before.at >= at):
            continue
        entries.append(
            Entry(
                account_id=account_id,
                kind=kind,
                quantity=rules.grown(before.value if before else None, value),
                source=f"{name}:{at.isoformat()}",
                at=at,
                repository_id=repository_id,
                version=version,
                began_at=before.at if before else None,
                ended_at=at,
            )
        )
        store.set_meter(session, meter, at=at, value=value)
    ledger.record(session, *entries)


def forget_meters(session: Session, name: str) -> None:
    """For what is gone and was read last."""
    store.delete_meters(session, list(store.meters(session, f"{name}:")))


def forget_other_meters(session: Session, prefix: str, *, keep: Collection[str]) -> None:
    """Forgets the meters below ``prefix`` of names that are not in ``keep``."""
    known = store.meters(session, f"{prefix}:")
    store.delete_meters(session, [meter for meter in known if meter.rpartition(":")[0] not in keep])


def record_storage(database: Database, *, now: datetime) -> None:
    """Records what each account holds, as of the last full hour; for the hours that were missed, what was known before
    them. Once an hour it reads every grant; else it does nothing. May be called at any time."""
    with database.read() as session:
        last = store.meter(session, HOUR)
        if last is not None and not rules.whole_hours(last.at, now):
            return
        held = Counter(content.bytes_held(session, repos.holders())) + Counter(repos.git_bytes(session))
    with database.write() as session:
        _record_hours(session, held, now)


def _record_hours(session: Session, held: Mapping[UUID, int], now: datetime) -> None:
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    last = store.meters(session, HOUR).get(HOUR)
    hours = rules.whole_hours(last.at, now) if last else [this_hour]
    if not hours:  # another was quicker
        return
    before = {UUID(name.removeprefix(STORAGE)): row.value for name, row in store.meters(session, STORAGE).items()}
    missed = (entry for account_id, size in before.items() for entry in _missed(account_id, size, hours[:-1]))
    ledger.record(session, *missed, *(_hour(account_id, size, [this_hour]) for account_id, size in held.items()))
    store.delete_meters(session, [f"{STORAGE}{account_id}" for account_id in before.keys() - held.keys()])
    for account_id, size in held.items():
        store.set_meter(session, f"{STORAGE}{account_id}", at=this_hour, value=size)
    store.set_meter(session, HOUR, at=this_hour, value=0)


def _missed(account_id: UUID, size: float, hours: Iterable[datetime]) -> Iterator[Entry]:
    """One entry a day: a server that was off for long has many hours to make up."""

    def day(hour: datetime) -> date:
        return rules.day_of(hour)

    for _, some in groupby(hours, key=day):
        yield _hour(account_id, size, list(some))


def _hour(account_id: UUID, size: float, hours: list[datetime]) -> Entry:
    return Entry(
        account_id=account_id,
        kind=UsageKind.STORAGE_GB_HOURS,
        quantity=size / rules.GB * len(hours),
        source=f"{STORAGE}{account_id}:{hours[-1]:%Y-%m-%dT%H}",
        at=hours[-1],
        began_at=hours[0] - timedelta(hours=1),
        ended_at=hours[-1],
    )
