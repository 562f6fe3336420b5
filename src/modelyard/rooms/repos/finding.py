"""Finding repositories by words, labels and what people think of them; stars."""

from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.repos import presenting, store
from modelyard.rooms.repos.schemas import Kind, Repository, SearchQuery
from modelyard.rooms.search import service as search
from modelyard.rooms.search.schemas import Count, Facets, Sort, Wanted


def search_repositories(
    session: Session,
    *,
    principal: Principal,
    require_sign_in: bool,
    query: SearchQuery,
    sort: Sort | None,
    cursor: str | None,
    limit: int,
) -> Page[Repository]:
    """What the principal may read of what is looked for. ``sort`` None: by relevance with words, else the newest."""
    wanted = _wanted(session, query)
    if wanted is None:
        return Page(items=[])
    ids, more = search.find(
        session,
        principal=principal,
        require_sign_in=require_sign_in,
        wanted=wanted,
        sort=sort or (Sort.RELEVANCE if query.q else Sort.RECENT),
        cursor=cursor,
        limit=limit,
    )
    rows = presenting.in_order(store.present(session, ids), ids)
    return Page(items=presenting.present(session, rows, principal), next_cursor=more)


def count_facets(session: Session, *, principal: Principal, require_sign_in: bool, query: SearchQuery) -> Facets:
    """How what a search finds is spread over kinds, tags, owners, visibilities and kinds of data."""
    wanted = _wanted(session, query)
    if wanted is None:
        return Facets(total=0)
    facets = search.count_facets(session, principal=principal, require_sign_in=require_sign_in, wanted=wanted)
    names = accounts.usernames(session, {UUID(count.value) for count in facets.owners})
    facets.owners = [Count(value=names[UUID(c.value)], count=c.count) for c in facets.owners]
    return facets


def star(session: Session, *, principal: Principal, repository: Repository, clock: Clock) -> Repository:
    """May be repeated."""
    if store.add_star(session, account_id=own_id(principal), repository_id=repository.id, at=clock()):
        search.count(session, repository.id, stars=1)
    return _again(session, repository, principal)


def unstar(session: Session, *, principal: Principal, repository: Repository) -> Repository:
    """May be repeated."""
    if store.remove_star(session, account_id=own_id(principal), repository_id=repository.id):
        search.count(session, repository.id, stars=-1)
    return _again(session, repository, principal)


def list_starred(
    session: Session, *, principal: Principal, require_sign_in: bool, cursor: str | None, limit: int
) -> Page[Repository]:
    """What the principal has starred and may still read, newest repositories first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    allowed = store.readable(principal, require_sign_in=require_sign_in)
    rows = store.starred_page(session, own_id(principal), allowed=allowed, before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=presenting.present(session, rows[:limit], principal), next_cursor=more)


def _again(session: Session, repository: Repository, principal: Principal) -> Repository:
    session.flush()
    return presenting.present(session, store.present(session, [repository.id]), principal)[0]


def _wanted(session: Session, query: SearchQuery) -> Wanted | None:
    """None where nothing can be found: no word is asked for, or an owner whom there is not."""
    if search.says_nothing(query.q):
        return None
    owner_id = accounts.find_account_id(session, query.owner) if query.owner else None
    if query.owner and owner_id is None:
        return None
    return Wanted(
        text=query.q,
        kind=_value(query.kind),
        visibility=_value(query.visibility),
        owner_id=owner_id,
        tags=tuple(query.tag),
        data_types=tuple(query.data_type),
    )


def _value(choice: Kind | Visibility | None) -> str | None:
    return choice.value if choice else None
