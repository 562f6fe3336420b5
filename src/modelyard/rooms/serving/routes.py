"""HTTP of deployments: ``/api/v1/deployments`` and ``/api/v1/repos/{owner}/{name}/deployment``."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, status
from fastapi.responses import PlainTextResponse

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import HOLDS_SECRET, IdempotentRoute
from modelyard.rooms.access.policies import Anyone, SignedIn
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.repos.policies import Maintained, Readable
from modelyard.rooms.serving import fleet, service
from modelyard.rooms.serving.pool import Pool
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.serving.schemas import (
    AliasChange,
    AliasName,
    AliasTarget,
    Deploy,
    Deployment,
    DeploymentChange,
    ServeToken,
)

router = APIRouter(prefix="/api/v1", tags=["deployments"], route_class=IdempotentRoute)
BELOW = "/repos/{owner}/{name}/deployment"

Options = Annotated[ServingOptions, Depends(provided(ServingOptions))]
Boxes = Annotated[Pool, Depends(provided(Pool))]
Now = Annotated[Clock, Depends(provided(Clock))]


@router.get("/deployments", operation_id="list_deployments")
def list_deployments(
    session: Reading,
    principal: Anyone,
    accounts: Annotated[AccountOptions, Depends(provided(AccountOptions))],
    clock: Now,
    owner: Annotated[str | None, Query(max_length=39)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Deployment]:
    """Deployments of the repositories that the caller may read."""
    return service.list_deployments(
        session,
        principal=principal,
        require_sign_in=accounts.require_sign_in,
        owner=owner,
        cursor=cursor,
        limit=limit,
        clock=clock,
    )


@router.get(BELOW, operation_id="get_deployment")
def get_deployment(session: Reading, repository: Readable, options: Options, clock: Now) -> Deployment:
    """How the repository's model is served."""
    return service.describe(session, repository, options=options, clock=clock)


@router.put(BELOW, status_code=status.HTTP_202_ACCEPTED, operation_id="deploy")
def deploy(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    wanted: Deploy,
    options: Options,
    boxes: Boxes,
    clock: Now,
) -> Deployment:
    """Serves a version; the one before answers until this one is ready."""
    db.after_commit(session, partial(boxes.wake, repository.id))
    return service.deploy(
        session, principal=principal, repository=repository, wanted=wanted, options=options, clock=clock
    )


@router.patch(BELOW, operation_id="change_deployment")
def change_deployment(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    change: DeploymentChange,
    options: Options,
    boxes: Boxes,
    clock: Now,
) -> Deployment:
    """Scales, keeps warm, narrows who may call. Running boxes keep their workers until they are started anew."""
    db.after_commit(session, partial(boxes.wake, repository.id))
    return service.change_deployment(
        session, principal=principal, repository=repository, change=change, options=options, clock=clock
    )


@router.post(f"{BELOW}/stop", operation_id="stop_deployment")
def stop_deployment(
    session: Writing, principal: SignedIn, repository: Maintained, options: Options, boxes: Boxes, clock: Now
) -> Deployment:
    """Stops answering, after the requests under way."""
    db.after_commit(session, partial(boxes.wake, repository.id))
    return service.stop(session, principal=principal, repository=repository, options=options, clock=clock)


@router.put(f"{BELOW}/aliases/{{alias}}", operation_id="set_alias")
def set_alias(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    alias: AliasName,
    target: AliasTarget,
    options: Options,
    boxes: Boxes,
    clock: Now,
) -> Deployment:
    """Points an alias at a version."""
    db.after_commit(session, partial(boxes.wake, repository.id))
    return service.set_alias(
        session,
        principal=principal,
        repository=repository,
        alias=alias,
        number=target.version,
        options=options,
        clock=clock,
    )


@router.delete(f"{BELOW}/aliases/{{alias}}", status_code=status.HTTP_204_NO_CONTENT, operation_id="remove_alias")
def remove_alias(
    session: Writing, principal: SignedIn, repository: Maintained, alias: AliasName, boxes: Boxes, clock: Now
) -> None:
    """Takes an alias away."""
    db.after_commit(session, partial(boxes.wake, repository.id))
    service.remove_alias(session, principal=principal, repository=repository, alias=alias, clock=clock)


@router.post(f"{BELOW}/aliases/{{alias}}/rollback", operation_id="roll_back")
def roll_back(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    alias: AliasName,
    options: Options,
    boxes: Boxes,
    clock: Now,
) -> Deployment:
    """Points an alias back at the version before."""
    db.after_commit(session, partial(boxes.wake, repository.id))
    return service.roll_back(
        session, principal=principal, repository=repository, alias=alias, options=options, clock=clock
    )


@router.get(f"{BELOW}/history", operation_id="list_alias_changes")
def list_alias_changes(session: Reading, repository: Readable, limit: Limit = 50) -> list[AliasChange]:
    """Who pointed which alias at which version, and when."""
    return service.history(session, repository, limit=limit)


@router.get(f"{BELOW}/log", response_class=PlainTextResponse, operation_id="read_deployment_log")
def read_log(repository: Maintained, boxes: Boxes, version: Annotated[int | None, Query(ge=1)] = None) -> str:
    """The end of the newest box's log, with the tracebacks of user code."""
    return fleet.read_log(boxes.tools, repository.id, version=version)


@router.post(
    "/repos/{owner}/{name}/serve-token",
    status_code=status.HTTP_201_CREATED,
    dependencies=[HOLDS_SECRET],
    operation_id="create_serve_token",
)
def create_serve_token(session: Writing, principal: SignedIn, repository: Readable, clock: Now) -> ServeToken:
    """A token for a few minutes that can call this model and nothing else."""
    return service.create_serve_token(session, principal=principal, repository=repository, clock=clock)
