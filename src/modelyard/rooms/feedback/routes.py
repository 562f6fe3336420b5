"""HTTP of feedback: ``/api/v1/repos/{owner}/{name}/feedback``, and what concerns the caller in ``/api/v1/feedback``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import Anyone, SignedIn
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.feedback import service
from modelyard.rooms.feedback.schemas import (
    Category,
    Feedback,
    FeedbackChange,
    FeedbackType,
    NewFeedback,
    NewReply,
    OwnFeedback,
    Summary,
    UsedVersion,
    WantedFeedback,
)
from modelyard.rooms.repos.policies import Maintained, Readable
from modelyard.rooms.repos.ports import Use

router = APIRouter(prefix="/api/v1", tags=["feedback"], route_class=IdempotentRoute)

ABOUT = "/repos/{owner}/{name}/feedback"
Accounts = Annotated[AccountOptions, Depends(provided(AccountOptions))]
Now = Annotated[Clock, Depends(provided(Clock))]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/feedback/wanted", operation_id="list_wanted_feedback")
def list_wanted(
    session: Reading, principal: SignedIn, accounts: Accounts, limit: Limit = 20, cursor: Cursor = None
) -> Page[WantedFeedback]:
    """The to-do: versions that the caller tried and has said nothing about, the latest first."""
    return service.list_wanted(
        session, principal=principal, require_sign_in=accounts.require_sign_in, cursor=cursor, limit=limit
    )


@router.get("/feedback/mine", operation_id="list_own_feedback")
def list_own(
    session: Reading, principal: SignedIn, accounts: Accounts, limit: Limit = 20, cursor: Cursor = None
) -> Page[OwnFeedback]:
    """What the caller said, the newest first."""
    return service.list_own(
        session, principal=principal, require_sign_in=accounts.require_sign_in, cursor=cursor, limit=limit
    )


@router.get("/uses", operation_id="list_uses")
def list_uses(
    session: Reading,
    principal: SignedIn,
    accounts: Accounts,
    how: Use | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[UsedVersion]:
    """The versions that the caller downloaded or ran, the latest first."""
    return service.list_uses(
        session, principal=principal, require_sign_in=accounts.require_sign_in, how=how, cursor=cursor, limit=limit
    )


@router.get(ABOUT, operation_id="list_feedback")
def list_feedback(
    session: Reading,
    principal: Anyone,
    repository: Readable,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    type: FeedbackType | None = None,
    category: Category | None = None,
    rating: Annotated[int | None, Query(ge=1, le=5)] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[Feedback]:
    """What people say of a repository, the newest first."""
    return service.list_feedback(
        session,
        principal=principal,
        repository=repository,
        version=version,
        type=type,
        category=category,
        rating=rating,
        cursor=cursor,
        limit=limit,
    )


@router.get(f"{ABOUT}/summary", operation_id="sum_up_feedback")
def sum_up(session: Reading, repository: Readable) -> Summary:
    """Averages and counts of a repository's feedback."""
    return service.sum_up(session, repository)


@router.post(ABOUT, status_code=status.HTTP_201_CREATED, operation_id="give_feedback")
def give_feedback(
    session: Writing, principal: SignedIn, repository: Readable, wanted: NewFeedback, clock: Now
) -> Feedback:
    """Says something of a version that is not the caller's own; one of each type."""
    return service.give_feedback(session, principal=principal, repository=repository, wanted=wanted, clock=clock)


@router.patch(f"{ABOUT}/{{feedback_id}}", operation_id="change_feedback")
def change_feedback(
    session: Writing,
    principal: SignedIn,
    repository: Readable,
    feedback_id: UUID,
    change: FeedbackChange,
    clock: Now,
) -> Feedback:
    """Changes what the caller said."""
    return service.change_feedback(
        session, principal=principal, repository=repository, feedback_id=feedback_id, change=change, clock=clock
    )


@router.delete(f"{ABOUT}/{{feedback_id}}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_feedback")
def delete_feedback(session: Writing, principal: SignedIn, repository: Readable, feedback_id: UUID) -> None:
    """Deletes feedback with its replies: the author's own, or as an administrator."""
    service.delete_feedback(session, principal=principal, repository=repository, feedback_id=feedback_id)


@router.post(f"{ABOUT}/{{feedback_id}}/replies", status_code=status.HTTP_201_CREATED, operation_id="reply_to_feedback")
def reply(
    session: Writing, principal: SignedIn, repository: Maintained, feedback_id: UUID, wanted: NewReply, clock: Now
) -> Feedback:
    """Answers feedback, for those who may change the repository."""
    return service.reply(
        session, principal=principal, repository=repository, feedback_id=feedback_id, text=wanted.text, clock=clock
    )


@router.delete(
    f"{ABOUT}/{{feedback_id}}/replies/{{reply_id}}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="delete_reply",
)
def delete_reply(
    session: Writing, principal: SignedIn, repository: Readable, feedback_id: UUID, reply_id: UUID
) -> None:
    """Deletes a reply: the author's own, or as an administrator."""
    service.delete_reply(
        session, principal=principal, repository=repository, feedback_id=feedback_id, reply_id=reply_id
    )


@router.delete(
    "/repos/{owner}/{name}/versions/{number}/wanted-feedback",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="decline_feedback",
)
def decline(session: Writing, principal: SignedIn, repository: Readable, number: Version) -> None:
    """The caller is not asked about this version any more."""
    service.decline(session, principal=principal, repository=repository, version=number)
