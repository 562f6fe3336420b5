"""What Hugging Face's client asks of the site: who it is, repositories to make, list and delete."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from modelyard.kit.http import Reading, Writing, clock_of, part_of, provided
from modelyard.rooms.access import policies as access
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.hub import rules
from modelyard.rooms.hub.answers import HubRoute, error_response
from modelyard.rooms.hub.errors import HubRequestInvalid, HubUnsupported
from modelyard.rooms.hub.schemas import HubRepositoryName, NewHubRepository, YamlText
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryExists, RepositoryMissing
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, NewRepository, Repository
from modelyard.rooms.sources import service as sources
from modelyard.rooms.versions import erasing

router = APIRouter(prefix="/api", route_class=HubRoute, include_in_schema=False)

Accounts = Annotated[AccountOptions, Depends(provided(AccountOptions))]


@router.get("/whoami-v2")
def show_caller(principal: access.SignedIn) -> dict[str, Any]:
    """Who the token is."""
    role = "write" if "write" in principal.scopes else "read"
    token = {"displayName": "token", "role": role}
    return {
        "type": "user",
        "id": str(principal.account_id),
        "name": principal.username,
        "fullname": principal.username,
        "isPro": False,
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": token},
    }


@router.post("/repos/create")
def create_repository(
    request: Request, principal: access.Creator, session: Writing, wanted: NewHubRepository
) -> Response:
    """Makes a model or a dataset. Of one that is there already the address is told too, with 409."""
    kind, owner = _kind(wanted.type), wanted.organization or principal.username
    address = f"{access.site_url(request)}/{rules.PREFIXES[kind]}{owner}/{wanted.name}"
    values: dict[str, Any] = {"owner": owner, "name": wanted.name, "kind": kind}
    if (visibility := rules.is_public(wanted.visibility, wanted.private)) is not None:
        values["visibility"] = visibility
    try:
        asked = NewRepository(**values)
    except ValidationError as e:
        raise HubRequestInvalid(f"{wanted.name!r}: {e.errors()[0]['msg']}.", remedy="Choose another name.") from e
    try:
        made = repos.create_repository(
            session,
            principal=principal,
            wanted=asked,
            options=part_of(request.app, RepositoryOptions),
            clock=clock_of(request.app),
        )
    except RepositoryExists as e:
        return error_response(e, url=address)
    return JSONResponse({"url": address, "name": made.address, "id": str(made.id)})


@router.delete("/repos/delete")
def delete_repository(
    principal: access.SignedIn, session: Writing, accounts: Accounts, wanted: HubRepositoryName
) -> dict[str, Any]:
    """Deletes a repository of the kind that is named."""
    owner = wanted.organization or principal.username or ""
    repository = repos.find_repository(
        session, principal=principal, owner=owner, name=wanted.name, require_sign_in=accounts.require_sign_in
    )
    if repository.kind is not _kind(wanted.type):
        raise RepositoryMissing(f"{repository.address} is of kind {repository.kind}.", remedy="Give that repo_type.")
    repos.require_owner(principal, repository)
    erasing.begin_erasure(session, principal=principal, repository=repository)
    return {}


@router.post("/validate-yaml")
def check_card(_: Annotated[None, Depends(access.public)], text: YamlText) -> dict[str, Any]:
    """A card is never refused; what of it cannot be used is a warning."""
    notes = sources.read_readme(text.content.encode("utf-8", "replace"))[1]
    return {"errors": [], "warnings": [{"message": note} for note in notes]}


@router.get("/models")
@router.get("/datasets")
def list_repositories(
    request: Request,
    principal: access.Anyone,
    session: Reading,
    accounts: Accounts,
    search: str | None = None,
    author: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[dict[str, Any]]:
    """What the caller may see, newest first."""
    found = repos.list_repositories(
        session,
        principal=principal,
        require_sign_in=accounts.require_sign_in,
        kind=rules.KINDS[request.url.path.split("/")[2]],
        owner=author,
        text=search,
        limit=limit,
    )
    return [_shown(repository) for repository in found.items]


def _shown(repository: Repository) -> dict[str, Any]:
    return rules.show_repository(repository, commit=None, siblings=[])


def _kind(kind: str) -> Kind:
    if kind not in ("model", "dataset"):
        raise HubUnsupported(f"There are no repositories of type {kind}.", remedy="Use model or dataset.")
    return Kind(kind)
