"""What is said of a repository, for its page and for search: by its card, its data, and how people take it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.repos import store
from modelyard.rooms.repos.presenting import write_entry
from modelyard.rooms.search import service as search


def describe_from_card(
    session: Session,
    repository_id: UUID,
    card: Mapping[str, Any],
    *,
    data_types: tuple[str, ...] | None = None,
    clock: Clock,
) -> None:
    """Fills in title, description and tags from a card where the owner has not written any; search learns the card.

    ``data_types``: what the version's data are, None where it is not known.
    """
    row = store.require(session, repository_id)
    row.title = row.title or card.get("title", "")[:200]
    row.description = row.description or card.get("description", "")[:10_000]
    row.tags = row.tags or list(card.get("tags", ()))[:20]
    row.updated_at = clock()
    said = " ".join(str(value) for name, value in card.items() if name != "example" and isinstance(value, str))
    write_entry(session, row, card=said, data_types=data_types)


def describe_data(session: Session, repository_id: UUID, *, data_types: tuple[str, ...]) -> None:
    """Search learns what the repository's data are, which its push could not tell; nothing else changes."""
    write_entry(session, store.require(session, repository_id), data_types=data_types)


def count_download(session: Session, repository_id: UUID) -> None:
    """One more account has one more version."""
    search.count(session, repository_id, downloads=1)


def set_rating(session: Session, repository_id: UUID, *, rating: float | None, ratings: int) -> None:
    """What people think of it: the mean of so many accounts."""
    search.set_rating(session, repository_id, rating=rating, ratings=ratings)


def index_missing(session: Session, *, limit: int = 500) -> int:
    """Makes entries for repositories that search does not know, such as those of an earlier release; says how many."""
    rows = store.without_entry(session, search.entered(), limit=limit)
    for row in rows:
        write_entry(session, row)
    return len(rows)
