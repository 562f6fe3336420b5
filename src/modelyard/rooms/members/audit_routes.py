"""HTTP of the audit log: ``/api/v1/audit``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from modelyard.kit.db import Database
from modelyard.kit.http import Reading, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import AuditEvent, AuditQuery
from modelyard.rooms.members import auditing

router = APIRouter(prefix="/api/v1", tags=["audit"])


def _wanted(
    session: Reading,
    principal: SignedIn,
    owner: Annotated[str | None, Query(max_length=39, description="What is this account's or organisation's.")] = None,
    repository: Annotated[str | None, Query(max_length=140, description="One repository, as `owner/name`.")] = None,
    actor: Annotated[str | None, Query(max_length=39, description="User name of who did it.")] = None,
    action: Annotated[
        str | None, Query(max_length=40, description="One action, or what stands before its dot: `member`.")
    ] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditQuery:
    return auditing.choose(
        session,
        principal,
        owner=owner,
        repository=repository,
        actor=actor,
        action=action,
        since=since,
        until=until,
    )


Wanted = Annotated[AuditQuery, Depends(_wanted)]


@router.get("/audit", operation_id="list_audit_events")
def list_audit_events(
    session: Reading, _principal: SignedIn, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> Page[AuditEvent]:
    """Who did what, the latest first. With neither `owner` nor `repository`: all of it for
    administrators, their own for others."""
    return audit.list_events(session, wanted, cursor=cursor, limit=limit)


@router.get("/audit.csv", operation_id="get_audit_csv", response_class=StreamingResponse)
def get_audit_csv(
    _principal: SignedIn, wanted: Wanted, database: Annotated[Database, Depends(provided(Database))]
) -> Response:
    """The same as a table for spreadsheets, all of it."""
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(audit.as_csv(database, wanted), media_type="text/csv; charset=utf-8", headers=headers)
