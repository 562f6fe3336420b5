"""HTTP of finding repositories: ``/api/v1/search``, and stars."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import Anyone, SignedIn
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.repos import finding
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.repos.schemas import Kind, Label, Repository, SearchQuery
from modelyard.rooms.search.schemas import Facets, Sort

router = APIRouter(prefix="/api/v1", tags=["search"], route_class=IdempotentRoute)

Accounts = Annotated[AccountOptions, Depends(provided(AccountOptions))]
Now = Annotated[Clock, Depends(provided(Clock))]


def _query(
    q: Annotated[
        str,
        Query(
            max_length=200, description="Words in name, owner, title, tags, description and card; the last may be cut."
        ),
    ] = "",
    kind: Kind | None = None,
    owner: Annotated[str | None, Query(max_length=39)] = None,
    visibility: Visibility | None = None,
    tag: Annotated[list[Label], Query(max_length=10, description="All of them must be there.")] = [],  # noqa: B006
    data_type: Annotated[list[Label], Query(max_length=10, description="All of them must be there.")] = [],  # noqa: B006
) -> SearchQuery:
    return SearchQuery(q=q, kind=kind, owner=owner, visibility=visibility, tag=tag, data_type=data_type)


Asked = Annotated[SearchQuery, Depends(_query)]


@router.get("/search", operation_id="search_repositories")
def search_repositories(
    session: Reading,
    principal: Anyone,
    accounts: Accounts,
    query: Asked,
    sort: Annotated[Sort | None, Query(description="Default: `relevance` with words, else `recent`.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[Repository]:
    """What the caller may read of what is looked for; all words must be there."""
    return finding.search_repositories(
        session,
        principal=principal,
        require_sign_in=accounts.require_sign_in,
        query=query,
        sort=sort,
        cursor=cursor,
        limit=limit,
    )


@router.get("/search/facets", operation_id="count_facets")
def count_facets(session: Reading, principal: Anyone, accounts: Accounts, query: Asked) -> Facets:
    """How what the same search finds is spread over kinds, tags, owners, visibilities and kinds of data."""
    return finding.count_facets(session, principal=principal, require_sign_in=accounts.require_sign_in, query=query)


@router.get("/stars", operation_id="list_starred")
def list_starred(
    session: Reading, principal: SignedIn, accounts: Accounts, limit: Limit = 50, cursor: Cursor = None
) -> Page[Repository]:
    """The repositories that the caller has starred and may still read, the newest first."""
    return finding.list_starred(
        session, principal=principal, require_sign_in=accounts.require_sign_in, cursor=cursor, limit=limit
    )


@router.put("/repos/{owner}/{name}/star", operation_id="star_repository")
def star_repository(session: Writing, principal: SignedIn, repository: Readable, clock: Now) -> Repository:
    """Stars a repository; may be repeated."""
    return finding.star(session, principal=principal, repository=repository, clock=clock)


@router.delete("/repos/{owner}/{name}/star", operation_id="unstar_repository")
def unstar_repository(session: Writing, principal: SignedIn, repository: Readable) -> Repository:
    """Takes the caller's star back; may be repeated."""
    return finding.unstar(session, principal=principal, repository=repository)
