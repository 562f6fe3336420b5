"""The queries of the access room."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.db import insert_or_ignore
from modelyard.rooms.access.tables import KeptAnswerRow


def kept_answer(session: Session, account_id: UUID, key: str) -> KeptAnswerRow | None:
    return session.get(KeptAnswerRow, (account_id, key))


def keep_answer(session: Session, **values: Any) -> bool:
    """Keeps an answer unless the key has one already; a transaction that is about to give it one is waited for."""
    return insert_or_ignore(session, KeptAnswerRow, values)


def delete_answers(session: Session, *, before: datetime) -> int:
    result = session.execute(sa.delete(KeptAnswerRow).where(KeptAnswerRow.created_at < before))
    return int(result.rowcount)  # type: ignore[attr-defined]
