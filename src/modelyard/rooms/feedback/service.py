"""Verbs on feedback: give, change, delete, reply, list, sum up; and what is wanted of whom."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.kit.paging import Page, decode_cursor, encode_cursor, moment
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.feedback import presenting, store
from modelyard.rooms.feedback.errors import (
    FeedbackGiven,
    FeedbackMissing,
    NotAuthor,
    OwnRepository,
    ReplyMissing,
    TooManyReplies,
)
from modelyard.rooms.feedback.schemas import (
    Category,
    Feedback,
    FeedbackChange,
    FeedbackType,
    NewFeedback,
    OwnFeedback,
    Summary,
    UsedVersion,
    WantedFeedback,
)
from modelyard.rooms.feedback.tables import FeedbackRow, ReplyRow
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import Use
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import service as versions

MAX_REPLIES = 100


def give_feedback(
    session: Session, *, principal: Principal, repository: Repository, wanted: NewFeedback, clock: Clock
) -> Feedback:
    """Raises ``VersionMissing``, ``VersionNotReady``, ``OwnRepository``, and ``FeedbackGiven`` for a second one of the
    same type on the same version."""
    if principal.account_id == repository.owner_id or (repository.can_write and not principal.is_administrator):
        raise OwnRepository(f"{repository.address} is yours.", remedy="Reply to the feedback of others instead.")
    versions.get_ready_version(session, repository.id, wanted.version)
    now, id = clock(), new_id()
    values = {
        "id": id,
        "repository_id": repository.id,
        "account_id": own_id(principal),
        "created_at": now,
        "updated_at": now,
    }
    if not store.insert(session, values | wanted.model_dump(mode="json")):
        raise FeedbackGiven(
            f"You have told your {wanted.type} with v{wanted.version} already.",
            remedy="Change what you wrote, or choose another type.",
            field="type",
        )
    _rate(session, repository)
    return _shown(session, repository, principal, id)


def change_feedback(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    feedback_id: UUID,
    change: FeedbackChange,
    clock: Clock,
) -> Feedback:
    """For its author alone."""
    row = _row(session, repository, feedback_id)
    if row.account_id != principal.account_id:
        raise NotAuthor(remedy="Give feedback of your own.")
    for name, value in change.model_dump(exclude_none=True, mode="json").items():
        setattr(row, name, value)
    row.updated_at = clock()
    session.flush()
    _rate(session, repository)
    return _shown(session, repository, principal, feedback_id)


def delete_feedback(session: Session, *, principal: Principal, repository: Repository, feedback_id: UUID) -> None:
    """For its author and administrators; the owner of the repository cannot. The replies go too."""
    row = _row(session, repository, feedback_id)
    if not presenting.may_delete(principal, row.account_id):
        raise NotAuthor(remedy="Ask its author or an administrator.")
    store.delete(session, row)
    _rate(session, repository)


def reply(
    session: Session, *, principal: Principal, repository: Repository, feedback_id: UUID, text: str, clock: Clock
) -> Feedback:
    """For those who may change the repository, which the caller has made sure of."""
    row = _row(session, repository, feedback_id)
    if store.count_replies(session, row.id) >= MAX_REPLIES:
        raise TooManyReplies(f"There are {MAX_REPLIES} replies already.", remedy="Delete some of them.")
    now = clock()
    store.add_reply(
        session,
        ReplyRow(
            id=new_id(), feedback_id=row.id, account_id=own_id(principal), text=text, created_at=now, updated_at=now
        ),
    )
    return _shown(session, repository, principal, feedback_id)


def delete_reply(
    session: Session, *, principal: Principal, repository: Repository, feedback_id: UUID, reply_id: UUID
) -> None:
    """For its author and administrators."""
    row = store.get_reply(session, reply_id)
    if row is None or row.feedback_id != _row(session, repository, feedback_id).id:
        raise ReplyMissing(remedy="Look at the feedback again.")
    if not presenting.may_delete(principal, row.account_id):
        raise NotAuthor(remedy="Ask its author or an administrator.")
    store.delete(session, row)


def list_feedback(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    version: int | None = None,
    type: FeedbackType | None = None,
    category: Category | None = None,
    rating: int | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Feedback]:
    """Of a repository, the newest first."""
    filters = {"version": version, "type": type, "category": category, "rating": rating}
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = store.page(session, repository_id=repository.id, filters=filters, before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=presenting.present(session, rows[:limit], principal), next_cursor=more)


def list_own(
    session: Session, *, principal: Principal, require_sign_in: bool, cursor: str | None, limit: int
) -> Page[OwnFeedback]:
    """What the principal said of what it may still read, the newest first."""
    allowed = repos.readable_id(store.feedback_column(), principal, require_sign_in=require_sign_in)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = store.page(
        session, account_id=own_id(principal), filters={}, allowed=allowed, before=before, limit=limit + 1
    )
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    shown = rows[:limit]
    known = repos.present_repositories(session, [row.repository_id for row in shown], principal)
    items = [
        OwnFeedback(**feedback.model_dump(), repository=known[row.repository_id])
        for row, feedback in zip(shown, presenting.present(session, shown, principal), strict=True)
    ]
    return Page(items=items, next_cursor=more)


def sum_up(session: Session, repository: Repository) -> Summary:
    """What people think of a repository."""
    rating, ratings = store.rating(session, repository.id)
    stars = store.counts(session, repository.id, "rating")
    types, categories = (store.counts(session, repository.id, name) for name in ("type", "category"))
    return Summary(
        rating=rating,
        ratings=ratings,
        total=sum(stars.values()),
        stars={str(number): stars.get(number, 0) for number in range(1, 6)},
        types={type.value: types.get(type.value, 0) for type in FeedbackType},
        categories={category.value: categories.get(category.value, 0) for category in Category},
    )


def list_wanted(
    session: Session, *, principal: Principal, require_sign_in: bool, cursor: str | None, limit: int
) -> Page[WantedFeedback]:
    """The to-do: what the principal tried, may still read, does not own and has said nothing about; latest first."""
    before = decode_cursor(cursor, moment, UUID, int) if cursor else None
    rows = store.wanted(
        session,
        own_id(principal),
        allowed=_others(principal, require_sign_in=require_sign_in),
        before=(before[0], before[1], before[2]) if before else None,
        limit=limit + 1,
    )
    more = _wanted_cursor(rows[limit - 1]) if len(rows) > limit else None
    known = repos.present_repositories(session, [row.repository_id for row in rows], principal)
    items = [
        WantedFeedback(repository=known[row.repository_id], version=row.version, how=Use(row.how), tried_at=row.at)
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=more)


def decline(session: Session, *, principal: Principal, repository: Repository, version: int) -> None:
    """The principal is not asked about this version any more. May be repeated."""
    store.decline(session, own_id(principal), repository.id, version)


def list_uses(
    session: Session, *, principal: Principal, require_sign_in: bool, how: Use | None, cursor: str | None, limit: int
) -> Page[UsedVersion]:
    """What the principal downloaded and ran, and may still read; the latest first."""
    before = decode_cursor(cursor, moment, UUID, int, str) if cursor else None
    rows = store.uses(
        session,
        own_id(principal),
        how=how.value if how else None,
        allowed=repos.readable_id(store.use_column(), principal, require_sign_in=require_sign_in),
        before=(before[0], before[1], before[2], before[3]) if before else None,
        limit=limit + 1,
    )
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(last.at.isoformat(), last.repository_id, last.version, last.how) if last else None
    known = repos.present_repositories(session, [row.repository_id for row in rows], principal)
    items = [
        UsedVersion(repository=known[row.repository_id], version=row.version, how=Use(row.how), at=row.at)
        for row in rows[:limit]
    ]
    return Page(items=items, next_cursor=more)


def _others(principal: Principal, *, require_sign_in: bool) -> Any:
    return repos.readable_id(store.use_column(), principal, require_sign_in=require_sign_in, but_own=True)


def _wanted_cursor(row: Any) -> str:
    return encode_cursor(row.at.isoformat(), row.repository_id, row.version)


def _shown(session: Session, repository: Repository, principal: Principal, id: UUID) -> Feedback:
    return presenting.present(session, [_row(session, repository, id)], principal)[0]


def _rate(session: Session, repository: Repository) -> None:
    rating, ratings = store.rating(session, repository.id)
    repos.set_rating(session, repository.id, rating=rating, ratings=ratings)


def _row(session: Session, repository: Repository, id: UUID) -> FeedbackRow:
    row = store.get(session, id)
    if row is None or row.repository_id != repository.id:
        raise FeedbackMissing(remedy="Look at the list of feedback.")
    return row
