"""Repositories as callers see them, and as search knows them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.access import service as access
from modelyard.rooms.access.schemas import MemberRole, Visibility
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.repos import store
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.repos.tables import RepositoryRow
from modelyard.rooms.search import service as search
from modelyard.rooms.search.schemas import Entry, Popularity


def present(session: Session, rows: Iterable[RepositoryRow], principal: Principal | None) -> list[Repository]:
    """As ``principal`` sees them; None for work that runs by itself."""
    rows = list(rows)
    owners = accounts.usernames(session, {row.owner_id for row in rows})
    liked = search.popularity(session, [row.id for row in rows])
    roles = access.roles_in(session, principal, {row.id: row.owner_id for row in rows}) if principal else {}
    sources = _visible_sources(session, rows, principal)
    mine = principal.account_id if principal else None
    starred = store.starred(session, mine, [row.id for row in rows]) if mine and rows else set()
    return [
        _repository(
            row,
            owners[row.owner_id],
            liked.get(row.id, Popularity()),
            roles.get(row.id),
            starred=row.id in starred,
            source=sources.get(row.forked_from) if row.forked_from else None,
        )
        for row in rows
    ]


def write_entry(
    session: Session,
    row: RepositoryRow,
    *,
    card: str | None = None,
    data_types: tuple[str, ...] | None = None,
) -> None:
    """Has search know the repository as it is now; None leaves card and kinds of data as they were said before."""
    session.flush()
    entry = Entry(
        repository_id=row.id,
        owner_id=row.owner_id,
        owner=accounts.usernames(session, {row.owner_id})[row.owner_id],
        name=row.name,
        kind=row.kind,
        visibility=row.visibility,
        title=row.title,
        description=row.description,
        tags=tuple(row.tags),
        updated_at=row.updated_at,
        card=card,
        data_types=data_types,
    )
    search.put_entry(session, entry)


def picture_url(owner: str, name: str, digest: str | None) -> str | None:
    """Where the picture is; another picture has another address, so that it may be kept."""
    return f"/api/v1/repos/{owner}/{name}/picture?v={digest[7:19]}" if digest else None


def _visible_sources(session: Session, rows: Iterable[RepositoryRow], principal: Principal | None) -> dict[UUID, str]:
    """The addresses of what these were copied from, as far as the principal may read it."""
    ids = {row.forked_from for row in rows if row.forked_from}
    if not ids or principal is None:
        return {}
    allowed = store.readable(principal, require_sign_in=False)  # whoever was let see the copy has signed in if need be
    found = store.present(session, ids, allowed=allowed)
    owners = accounts.usernames(session, {row.owner_id for row in found})
    return {row.id: f"{owners[row.owner_id]}/{row.name}" for row in found}


def _repository(
    row: RepositoryRow,
    owner: str,
    liked: Popularity,
    role: MemberRole | None,
    *,
    starred: bool,
    source: str | None,
) -> Repository:
    return Repository(
        id=row.id,
        owner=owner,
        owner_id=row.owner_id,
        name=row.name,
        kind=Kind(row.kind),
        visibility=Visibility(row.visibility),
        title=row.title,
        description=row.description,
        tags=row.tags,
        picture=picture_url(owner, row.name, row.picture),
        data_types=list(liked.data_types),
        stars=liked.stars,
        starred=starred,
        downloads=liked.downloads,
        rating=liked.rating,
        ratings=liked.ratings,
        forked_from=source,
        created_at=row.created_at,
        updated_at=row.updated_at,
        role=role,
        can_write=access.allows(role, MemberRole.MAINTAINER),
    )


def in_order(rows: Iterable[RepositoryRow], ids: Iterable[UUID]) -> list[RepositoryRow]:
    """The rows in the order of the ids; what is gone meanwhile is left out."""
    known = {row.id: row for row in rows}
    return [known[id] for id in ids if id in known]
