"""HTTP of versions: ``/api/v1/repos/{owner}/{name}/versions``, and the deletion of repositories."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response, status
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from modelyard.kit.db import Database
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.images.service import ImportTools
from modelyard.rooms.repos.policies import Maintained, Owned, Readable, still_readable
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.versions import (
    cards,
    edit_pushing,
    erasing,
    event_stream,
    file_pushing,
    image_pushing,
    item_erasing,
    pack_pushing,
    publishing,
    pushing,
    service,
    tasks,
)
from modelyard.rooms.versions.file_pushing import PreparedFiles
from modelyard.rooms.versions.following import Followers
from modelyard.rooms.versions.image_pushing import PreparedImage
from modelyard.rooms.versions.ports import VersionUsers
from modelyard.rooms.versions.pushing import PreparedPush, PushTools
from modelyard.rooms.versions.schemas import ItemErasure, NewEdit, NewImport, NewVersion, ShownCard, Version

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}", tags=["versions"], route_class=IdempotentRoute)

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Facts = Annotated[Database, Depends(provided(Database))]


Prepared = PreparedPush | PreparedFiles | PreparedImage


def _prepared(
    principal: SignedIn,
    repository: Maintained,
    wanted: NewVersion,
    tools: Annotated[PushTools, Depends(provided(PushTools))],
    imports: Annotated[ImportTools, Depends(provided(ImportTools))],
) -> Prepared:
    """The slow part of a push; as the first dependency it is over before the write transaction begins."""
    if wanted.image is not None:
        return image_pushing.prepare_import(
            tools, imports, principal=principal, repository=repository, reference=wanted.image
        )
    if repository.kind is Kind.DATASET:
        return file_pushing.prepare_files(tools, principal=principal, repository=repository, wanted=wanted)
    return pushing.prepare_push(tools, principal=principal, repository=repository, wanted=wanted)


@router.post("/versions", status_code=status.HTTP_202_ACCEPTED, operation_id="push_version")
def push_version(
    push: Annotated[Prepared, Depends(_prepared)],
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    wanted: NewVersion,
    tools: Annotated[PushTools, Depends(provided(PushTools))],
) -> Version:
    """Makes the next version from finished uploads, or from an image of another registry; follow its build at
    `…/versions/{number}/events`."""
    if isinstance(push, PreparedImage):
        return image_pushing.record_image(session, tools, principal=principal, repository=repository, push=push)
    if isinstance(push, PreparedFiles):
        return file_pushing.record_files(
            session, tools, principal=principal, repository=repository, wanted=wanted, push=push
        )
    return pushing.record_push(session, tools, principal=principal, repository=repository, wanted=wanted, push=push)


@router.post("/imports", status_code=status.HTTP_202_ACCEPTED, operation_id="import_images")
def import_images(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    wanted: NewImport,
    tools: Annotated[PushTools, Depends(provided(PushTools))],
) -> Version:
    """Makes the next version of a dataset from archives of images, or from tables; follow it at
    `…/versions/{number}/events`."""
    return pack_pushing.begin_import(session, tools, principal=principal, repository=repository, wanted=wanted)


@router.post("/item-erasures", status_code=status.HTTP_202_ACCEPTED, operation_id="erase_items")
def erase_items(session: Writing, repository: Owned, wanted: ItemErasure) -> None:
    """Erases images from every version of a dataset, and from the files that hold them; the versions' notes say so."""
    item_erasing.begin_erasure(session, repository=repository, digests=wanted.digests)


@router.post("/versions/{number}/edits", status_code=status.HTTP_202_ACCEPTED, operation_id="edit_items")
def edit_items(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    number: Number,
    wanted: NewEdit,
    tools: Annotated[PushTools, Depends(provided(PushTools))],
) -> Version:
    """Makes the next version of a dataset of images with other labels, or without some images. The packs are shared."""
    return edit_pushing.begin_edit(
        session, tools, principal=principal, repository=repository, number=number, wanted=wanted
    )


@router.get("/versions", operation_id="list_versions")
def list_versions(
    session: Reading, repository: Readable, options: Options, limit: Limit = 50, cursor: Cursor = None
) -> Page[Version]:
    """The repository's versions, newest first."""
    return publishing.show_versions(session, options, repository.id, cursor=cursor, limit=limit)


@router.get("/versions/{number}", operation_id="get_version")
def get_version(session: Reading, repository: Readable, number: Number, options: Options) -> Version:
    """One version with its stages."""
    return publishing.show_version(session, options, repository.id, number)


@router.delete("/versions/{number}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_version")
def delete_version(
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    number: Number,
    options: Options,
    users: Annotated[VersionUsers, Depends(provided(VersionUsers))],
) -> None:
    """Removes a version with its tag, image and outputs."""
    service.delete_version(
        session, principal=principal, repository=repository, number=number, users=users, repositories=options
    )


@router.post("/versions/{number}/retry", status_code=status.HTTP_202_ACCEPTED, operation_id="retry_version")
def retry_version(session: Writing, repository: Maintained, number: Number) -> Version:
    """Builds a failed version again."""
    return service.retry_version(session, repository.id, number, enqueue=tasks.enqueue_build)


@router.post("/versions/{number}/unpublish", operation_id="unpublish_version")
def unpublish_version(session: Writing, principal: SignedIn, repository: Maintained, number: Number) -> Version:
    """Takes a version of an operation back: nobody else starts runs of it; those that there are go on."""
    return publishing.set_published(session, number, principal=principal, repository=repository, published=False)


@router.post("/versions/{number}/publish", operation_id="publish_version")
def publish_version(session: Writing, principal: SignedIn, repository: Maintained, number: Number) -> Version:
    """Offers a version of an operation again that was taken back."""
    return publishing.set_published(session, number, principal=principal, repository=repository, published=True)


@router.get("/versions/{number}/card", operation_id="show_card")
def show_card(session: Reading, repository: Readable, number: Number) -> ShownCard:
    """A version's card: its fields, how complete it is, and its text as safe HTML."""
    version = service.get_version(session, repository.id, number)
    return cards.show_card(repository, number=number, card=version.card)


@router.get("/versions/{number}/lock", response_class=PlainTextResponse, operation_id="read_lock")
def read_lock(session: Reading, repository: Readable, number: Number) -> str:
    """Every exact package of the version's image."""
    return service.read_lock(session, repository.id, number)


@router.get("/versions/{number}/log", response_class=PlainTextResponse, operation_id="read_build_log")
def read_log(session: Reading, repository: Maintained, number: Number) -> str:
    """The build's log as text; it may hold tracebacks, so it is the owner's."""
    events = service.list_events(session, repository.id, number, after=0, limit=100_000)
    return "\n".join(f"{e.at:%H:%M:%S} {e.stage:<9} {e.text or e.state}" for e in events) + "\n"


@router.get("/versions/{number}/events", operation_id="follow_build", response_class=StreamingResponse)
async def follow_build(
    request: Request,
    repository: Readable,
    number: Number,
    database: Facts,
    followers: Annotated[Followers, Depends(provided(Followers))],
    last_event_id: Annotated[int, Header(ge=0, le=2**31 - 1, description="Resumes after this event.")] = 0,
) -> Response:
    """The build as server-sent events: `stage`, `log` (the owner's only), and `end` with the version.

    `gone`, with a problem, ends it where the version is deleted or the caller may not read it any more.
    """

    def ask_again() -> Repository:
        with database.read() as session:
            return still_readable(request, session, owner=repository.owner, name=repository.name)

    await run_in_threadpool(_require_version, database, repository, number)
    stream = event_stream.follow(
        followers, repository, number, after=last_event_id, ask_again=lambda: run_in_threadpool(ask_again)
    )
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


@router.delete("", status_code=status.HTTP_202_ACCEPTED, operation_id="delete_repository")
def delete_repository(session: Writing, principal: SignedIn, repository: Owned) -> None:
    """Deletes a repository and everything in it: out of sight at once, freed soon after."""
    erasing.begin_erasure(session, principal=principal, repository=repository)


def _require_version(database: Database, repository: Repository, number: int) -> None:
    """A version that is not there is a 404, before any stream begins."""
    with database.read() as session:
        service.get_version(session, repository.id, number)
