"""Feedback as callers see it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.feedback import store
from modelyard.rooms.feedback.schemas import Category, Feedback, FeedbackType, Reply
from modelyard.rooms.feedback.tables import FeedbackRow, ReplyRow


def present(session: Session, rows: Sequence[FeedbackRow], principal: Principal) -> list[Feedback]:
    """With authors, replies and what the principal may do."""
    replies = store.replies(session, [row.id for row in rows])
    people = {row.account_id for row in rows} | {reply.account_id for reply in replies if reply.account_id}
    names = accounts.usernames(session, people) if people else {}
    tried = {
        (repository_id, *use)
        for repository_id in {row.repository_id for row in rows}
        for use in store.tried(session, repository_id, {row.account_id for row in rows})
    }
    return [
        Feedback(
            id=row.id,
            version=row.version,
            type=FeedbackType(row.type),
            category=Category(row.category),
            rating=row.rating,
            text=row.text,
            author=names[row.account_id],
            tried=(row.repository_id, row.account_id, row.version) in tried,
            created_at=row.created_at,
            updated_at=row.updated_at,
            can_change=row.account_id == principal.account_id,
            can_delete=may_delete(principal, row.account_id),
            replies=[_reply(reply, names, principal) for reply in replies if reply.feedback_id == row.id],
        )
        for row in rows
    ]


def may_delete(principal: Principal, author: UUID | None) -> bool:
    """Authors delete what they wrote, administrators anything."""
    return principal.is_administrator or (author is not None and author == principal.account_id)


def _reply(row: ReplyRow, names: dict[UUID, str], principal: Principal) -> Reply:
    return Reply(
        id=row.id,
        author=names.get(row.account_id) if row.account_id else None,
        text=row.text,
        created_at=row.created_at,
        can_delete=may_delete(principal, row.account_id),
    )
