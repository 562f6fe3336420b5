"""What Hugging Face's client asks of one repository, below ``/api/models/{owner}/{name}`` and ``/api/datasets/…``."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from modelyard.kit.http import Writing, clock_of, provided
from modelyard.rooms.access import policies as access
from modelyard.rooms.hub import rules, service
from modelyard.rooms.hub.answers import HubRoute
from modelyard.rooms.hub.errors import HubUnsupported
from modelyard.rooms.hub.policies import Committing, Hosted
from modelyard.rooms.hub.schemas import HubSettings, NewBranch, NewTag, PlannedFiles
from modelyard.rooms.hub.service import HubTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import RepositoryChange

COMMIT_BYTES = 64 * 1024**2
JSON_BYTES = 4 * 1024**2
BELOW = 5
"""Parts of an address up to what is asked: ``api``, ``models``, owner, name, ``tree``."""

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Tools = Annotated[HubTools, Depends(provided(HubTools))]


def _rest(request: Request) -> tuple[str, str]:
    """The revision, and the path below it."""
    revision, *path = rules.segments(request.scope["raw_path"], skip=BELOW)
    return revision, "/".join(path).strip("/")


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10_000)


Rest = Annotated[tuple[str, str], Depends(_rest)]


def show(repository: Hosted, options: Options, blobs: bool = False) -> dict[str, Any]:
    """The repository at ``main``."""
    return service.show_repository(options, repository, service.MAIN, blobs=blobs)


def show_revision(repository: Hosted, options: Options, rest: Rest, blobs: bool = False) -> dict[str, Any]:
    """The repository at another revision."""
    return service.show_repository(options, repository, rest[0], blobs=blobs)


def list_tree(
    request: Request,
    repository: Hosted,
    options: Options,
    rest: Rest,
    recursive: bool = False,
    cursor: Annotated[int, Query(ge=0, le=10**12)] = 0,
) -> Response:
    """The files and folders of a folder; ``Link`` says where the next page is, of the same commit."""
    revision, folder = rest
    items, more = service.list_tree(options, repository, revision, folder, recursive=recursive, start=cursor)
    headers = {}
    if more:
        base = "/".join(request.url.path.split("/")[:BELOW])
        query = urlencode({"recursive": recursive, "cursor": cursor + len(items)})
        below = f"/{quote(folder, safe='')}" if folder else ""
        headers["Link"] = f'<{access.site_url(request)}{base}/tree/{more}{below}?{query}>; rel="next"'
    return JSONResponse(items, headers=headers)


def find_paths(
    repository: Hosted, options: Options, rest: Rest, form: Annotated[dict[str, list[str]], Depends(_form)]
) -> list[dict[str, Any]]:
    """Those of the paths that there are."""
    return service.find_items(options, repository, rest[0], form.get("paths", []))


def list_refs(repository: Hosted, options: Options) -> dict[str, Any]:
    """Branches and tags."""
    branches, tags = repos.refs(options, repository.id)
    shown = {"branches": rules.show_refs("heads", branches), "tags": rules.show_refs("tags", tags)}
    return shown | {"converts": [], "pullRequests": []}


def list_commits(repository: Hosted, options: Options, rest: Rest) -> list[dict[str, Any]]:
    """The last thousand."""
    if service.find_commit(options, repository, rest[0]) is None:
        return []
    found = repos.list_commits(options, repository.id, revision=rest[0], limit=1000)
    return [rules.show_commit(commit) for commit in found]


def plan_files(committer: Committing, options: Options, rest: Rest, planned: PlannedFiles) -> dict[str, Any]:
    """Which files of a commit are to come by LFS."""
    return {"files": service.plan_files(options, committer.repository, rest[0], planned.files)}


async def commit(
    request: Request, committer: Committing, tools: Tools, rest: Rest, create_pr: bool = False
) -> dict[str, Any]:
    """Makes a commit of lines of JSON. A version is asked for by a tag."""
    if create_pr:
        raise HubUnsupported("There are no pull requests here.", remedy="Commit to a branch.")
    data = await request.body()
    wanted = await run_in_threadpool(rules.parse_commit, data)
    change = await run_in_threadpool(service.commit, tools, committer, rest[0], wanted)
    address = f"{access.site_url(request)}/{rules.PREFIXES[committer.repository.kind]}{committer.repository.address}"
    return {"success": True, "commitOid": change.new, "commitUrl": f"{address}/commit/{change.new}", "hookOutput": ""}


def create_branch(committer: Committing, tools: Tools, rest: Rest, wanted: NewBranch | None = None) -> dict[str, Any]:
    """At ``main``, or where the client says."""
    start = wanted.startingPoint if wanted else None
    service.create_branch(tools, committer, rest[0], start or service.MAIN)
    return {}


def delete_branch(committer: Committing, tools: Tools, rest: Rest) -> dict[str, Any]:
    """Any but ``main``."""
    service.delete_ref(tools, committer, f"{service.HEADS}{rest[0]}")
    return {}


def create_tag(committer: Committing, tools: Tools, rest: Rest, wanted: NewTag) -> dict[str, Any]:
    """Asks for the next version of the commit."""
    return {"messages": list(service.create_tag(tools, committer, wanted.tag, rest[0]))}


def delete_tag(committer: Committing, tools: Tools, rest: Rest) -> dict[str, Any]:
    """Any but the platform's."""
    service.delete_ref(tools, committer, f"{service.TAGS}{rest[0]}")
    return {}


def change_settings(request: Request, committer: Committing, session: Writing, wanted: HubSettings) -> dict[str, Any]:
    """Who may see it: the only setting that both sides know."""
    visibility = rules.is_public(wanted.visibility, wanted.private)
    repos.change_repository(
        session,
        principal=committer.principal,
        repository=committer.repository,
        change=RepositoryChange(visibility=visibility),
        clock=clock_of(request.app),
    )
    return {}


ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "", show),
    ("GET", "/revision/{rest:path}", show_revision),
    ("GET", "/tree/{rest:path}", list_tree),
    ("POST", "/paths-info/{rest:path}", find_paths),
    ("GET", "/refs", list_refs),
    ("GET", "/commits/{rest:path}", list_commits),
    ("POST", "/preupload/{rest:path}", plan_files),
    ("POST", "/commit/{rest:path}", commit),
    ("POST", "/branch/{rest:path}", create_branch),
    ("DELETE", "/branch/{rest:path}", delete_branch),
    ("POST", "/tag/{rest:path}", create_tag),
    ("DELETE", "/tag/{rest:path}", delete_tag),
    ("PUT", "/settings", change_settings),
)


def make_router(kind: str) -> APIRouter:
    """The routes below ``/api/models`` or ``/api/datasets``."""
    router = APIRouter(prefix=f"/api/{kind}/{{owner}}/{{name}}", route_class=HubRoute, include_in_schema=False)
    for method, path, endpoint in ROUTES:
        limit = COMMIT_BYTES if endpoint is commit else JSON_BYTES
        router.add_api_route(path, endpoint, methods=[method], max_body_size=limit)
    return router


routers = tuple(make_router(kind) for kind in rules.KINDS)
