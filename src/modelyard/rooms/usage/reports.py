"""Usage as people ask for it: whose, of which days, summed by what; as a table; and quotas by name."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.access.errors import RoleMissing, SignInRequired
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.usage import quotas, rules, service
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.schemas import By, QuotaKind, Quotas, UsageLine, UsageReport

EVERYBODY = "*"
COLUMNS: dict[By, tuple[str, ...]] = {
    By.DAY: ("day",),
    By.KIND: (),
    By.REPOSITORY: ("repository", "deleted"),
    By.VERSION: ("repository", "deleted", "version"),
    By.RUN: ("run", "repository", "deleted", "version"),
    By.ACCOUNT: ("account",),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days (UTC), the last one included."""

    since: date
    until: date


def choose_period(since: date | None, until: date | None, *, now: datetime) -> Period:
    """The days asked for; by default the month of ``until``, up to today. Raises ``PeriodInvalid``."""
    return Period(*rules.period(since, until, now=now))


def whose(session: Session, principal: Principal, account: str | None) -> UUID | None:
    """The account asked for, None for everybody's; the caller's own unless an administrator asks.

    Raises ``RoleMissing``, ``AccountMissing``.
    """
    if account is None or account == principal.username:
        if principal.account_id is None:
            raise SignInRequired
        return principal.account_id
    if not principal.is_administrator:
        raise RoleMissing("Only administrators see what others use.", remedy="Leave the account out.")
    return None if account == EVERYBODY else accounts.require_account(session, account).id


def report(session: Session, account_id: UUID | None, period: Period, by: By) -> UsageReport:
    found = service.totals(session, account_id, since=period.since, until=period.until, by=by)
    return UsageReport(
        since=period.since,
        until=period.until,
        by=by,
        account=accounts.get_account(session, account_id).username if account_id else None,
        items=found.lines,
        complete=found.complete,
    )


def as_csv(found: UsageReport) -> str:
    """A table with a head: what it is summed by, the kind, the quantity."""
    text = io.StringIO()
    writer = csv.writer(text)
    columns = COLUMNS[found.by]
    writer.writerow([*columns, "kind", "quantity"])
    writer.writerows(_cells(line, columns) for line in found.items)
    return text.getvalue()


def show_quotas(session: Session, options: UsageOptions, account_id: UUID, *, now: datetime) -> Quotas:
    username = accounts.get_account(session, account_id).username
    return Quotas(account=username, items=quotas.left(session, options, account_id, now=now))


def change_quotas(
    session: Session, options: UsageOptions, username: str, amounts: Mapping[QuotaKind, float | None], *, now: datetime
) -> Quotas:
    """Raises ``AccountMissing``, ``QuotaInvalid``."""
    account_id = accounts.require_account(session, username).id
    quotas.set_quotas(session, account_id, amounts)
    return show_quotas(session, options, account_id, now=now)


def _cells(line: UsageLine, columns: tuple[str, ...]) -> list[str]:
    values = line.model_dump(mode="json")
    return [
        *("" if values[name] is None else str(values[name]) for name in columns),
        line.kind,
        f"{line.quantity:.15g}",
    ]
