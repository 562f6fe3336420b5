"""HTTP of usage: ``/api/v1/usage``, its records and quotas, and the quotas that administrators set."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, clock_of, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import Administrator, SignedIn, own_id
from modelyard.rooms.usage import reports, service
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.reports import EVERYBODY, Period
from modelyard.rooms.usage.schemas import By, QuotaChange, Quotas, UsageRecord, UsageReport

router = APIRouter(prefix="/api/v1", tags=["usage"], route_class=IdempotentRoute)


def _clock(request: Request) -> Clock:
    return clock_of(request.app)


Now = Annotated[Clock, Depends(_clock)]
Options = Annotated[UsageOptions, Depends(provided(UsageOptions))]
Since = Annotated[date | None, Query(description="The first day (UTC); by default of the month of `until`.")]
Until = Annotated[date | None, Query(description="The last day, which counts too; by default today.")]
Whose = Annotated[
    str | None,
    Query(max_length=39, description=f"For administrators: another account's, or everybody's (`{EVERYBODY}`)."),
]
SummedBy = Annotated[By, Query(description="What is summed up, besides each kind by itself.")]
CSV = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A table with a head."}}


def _period(clock: Now, since: Since = None, until: Until = None) -> Period:
    return reports.choose_period(since, until, now=clock())


def _account_id(session: Reading, principal: SignedIn, account: Whose = None) -> UUID | None:
    """None: everybody's."""
    return reports.whose(session, principal, account)


Days = Annotated[Period, Depends(_period)]
AccountId = Annotated[UUID | None, Depends(_account_id)]


@router.get("/usage", operation_id="get_usage")
def get_usage(
    session: Reading, _principal: SignedIn, account_id: AccountId, days: Days, by: SummedBy = By.KIND
) -> UsageReport:
    """What the caller used in a period: sums, a few seconds late at most, storage an hour."""
    return reports.report(session, account_id, days, by)


@router.get("/usage.csv", operation_id="get_usage_csv", response_class=PlainTextResponse, responses=CSV)  # type: ignore[arg-type]
def get_usage_csv(
    session: Reading, _principal: SignedIn, account_id: AccountId, days: Days, by: SummedBy = By.KIND
) -> PlainTextResponse:
    """The same as a table for spreadsheets."""
    found = reports.report(session, account_id, days, by)
    headers = {"Content-Disposition": f'attachment; filename="usage-{found.since}-{found.until}-{by}.csv"'}
    return PlainTextResponse(reports.as_csv(found), headers=headers, media_type="text/csv")


@router.get("/usage/records", operation_id="list_usage_records")
def list_usage_records(
    session: Reading,
    _principal: SignedIn,
    account_id: AccountId,
    days: Days,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[UsageRecord]:
    """The ledger itself, the latest entries first."""
    return service.list_records(session, account_id, since=days.since, until=days.until, cursor=cursor, limit=limit)


@router.get("/usage/quotas", operation_id="get_quotas")
def get_quotas(session: Reading, principal: SignedIn, account_id: AccountId, options: Options, clock: Now) -> Quotas:
    """How much the account may use, has used and has left: this month, or now for storage."""
    return reports.show_quotas(session, options, account_id or own_id(principal), now=clock())


@router.put("/accounts/{username}/quotas", operation_id="set_quotas")
def set_quotas(
    session: Writing, _principal: Administrator, username: str, change: QuotaChange, options: Options, clock: Now
) -> Quotas:
    """Gives an account quotas of its own instead of those it had; what is left out follows the site's default."""
    return reports.change_quotas(session, options, username, change.quotas, now=clock())
