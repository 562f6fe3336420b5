"""Verbs on versions: find, list, follow, retry, delete. Pushing is in ``pushing``, building in ``tasks``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.content import service as content
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.dvc import service as dvc
from modelyard.rooms.images import service as images
from modelyard.rooms.packs import service as packs
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import Limits
from modelyard.rooms.versions import rules, store
from modelyard.rooms.versions.errors import (
    NotAModel,
    VersionInUse,
    VersionMissing,
    VersionNotReady,
    VersionUnpublished,
)
from modelyard.rooms.versions.ports import VersionUsers
from modelyard.rooms.versions.rules import Event, VersionState
from modelyard.rooms.versions.schemas import (
    BuildStage,
    Operation,
    PackedContents,
    Version,
    VersionContents,
    VersionImage,
    Weights,
)
from modelyard.rooms.versions.tables import VersionRow


def get_version(session: Session, repository_id: UUID, number: int) -> Version:
    """Raises ``VersionMissing``."""
    return present(session, [require_row(session, repository_id, number)])[0]


def get_ready_version(session: Session, repository_id: UUID, number: int | None) -> Version:
    """A version that has an image; None: the newest one. Raises ``VersionMissing``, ``VersionNotReady``."""
    if number is None:
        row = store.latest_ready(session, repository_id)
        if row is None:
            raise VersionNotReady("No version is ready yet.", remedy="Push one, or wait for its build.")
    else:
        row = require_row(session, repository_id, number)
    if VersionState(row.state) is not VersionState.READY:
        raise VersionNotReady(
            f"v{row.number} is {row.state}.", remedy="Choose a version that is ready.", field="version"
        )
    return present(session, [row])[0]


def get_runnable_version(session: Session, repository_id: UUID, number: int | None, *, owns: bool) -> Version:
    """The version that a run is to be of; None: the newest that is published.

    ``owns``: the caller may change the repository, and so run what is not published. Raises ``VersionMissing``,
    ``VersionNotReady`` and ``VersionUnpublished``.
    """
    if number is None:
        newest = store.newest_published(session, repository_id)
        if newest is None:
            raise VersionNotReady("No version is published.", remedy="Push one, or publish one that is ready.")
        return present(session, [newest])[0]
    version = get_ready_version(session, repository_id, number)
    if version.operation is not None and not version.operation.published and not owns:
        raise VersionUnpublished(f"v{number} is not published.", remedy="Run a version that is.", field="version")
    return version


def get_project(session: Session, repository_id: UUID, number: int) -> Mapping[str, Any]:
    """What is kept of the push that the version was made from."""
    return require_row(session, repository_id, number).project


def pusher_of(session: Session, repository_id: UUID, number: int) -> UUID | None:
    """Who pushed the version; None where that account is gone."""
    return require_row(session, repository_id, number).pushed_by


def get_limits(session: Session, repository_id: UUID, number: int) -> tuple[Limits, bool]:
    """The bounds that the version asks for its containers, and whether they get a network."""
    project = require_row(session, repository_id, number).project
    return rules.limits_of(project), rules.wants_network(project)


def get_model_version(session: Session, repository_id: UUID, number: int | None) -> Version:
    """As ``get_ready_version``, of something that answers predictions; raises ``NotAModel`` for what does not."""
    version = get_ready_version(session, repository_id, number)
    if version.image is None:
        raise NotAModel(f"v{version.number} is data, which has no image.", remedy="Download it.")
    if version.operation is not None:
        raise NotAModel(f"v{version.number} is an operation, which is run.", remedy="Start a run of it.")
    return version


def list_versions(session: Session, repository_id: UUID, *, cursor: str | None, limit: int) -> Page[Version]:
    """The newest first."""
    below = decode_cursor(cursor, int)[0] if cursor else None
    rows = store.page(session, repository_id, below=below, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].number) if len(rows) > limit else None
    return Page(items=present(session, rows[:limit]), next_cursor=more)


def list_events(session: Session, repository_id: UUID, number: int, *, after: int, limit: int = 1000) -> list[Event]:
    """What happened in the build after event number ``after``."""
    return store.events(session, require_row(session, repository_id, number).id, after=after, limit=limit)


def read_lock(session: Session, repository_id: UUID, number: int) -> str:
    """Every exact package of the version's image; raises ``VersionNotReady`` before it is resolved."""
    row = require_row(session, repository_id, number)
    if row.lock is None:
        raise VersionNotReady(f"v{number} has no lock yet.", remedy="Wait for its build.")
    return row.lock


def retry_version(
    session: Session, repository_id: UUID, number: int, *, enqueue: Callable[[str, int], None]
) -> Version:
    """Queues a failed version again, as the next attempt; raises ``VersionStateInvalid`` for any other."""
    found = require_row(session, repository_id, number)
    row = store.get_for_update(session, found.id) or found
    rules.require_step(VersionState(row.state), VersionState.QUEUED)
    row.state, row.reason, row.remedy = VersionState.QUEUED.value, None, None
    row.attempt += 1
    identity, attempt = str(row.id), row.attempt
    db.after_commit(session, lambda: enqueue(identity, attempt))
    session.flush()
    return present(session, [row])[0]


def delete_version(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    number: int,
    users: VersionUsers,
    repositories: RepositoryOptions,
) -> None:
    """Removes the version's tag, image, runs and outputs; raises ``VersionInUse`` while something stands on it.

    A build that is under way ends when it notices. The commit stays in the history of ``main``, with its files.
    """
    row = require_row(session, repository.id, number)
    if why := users.why_kept(session, repository_id=repository.id, number=number):
        raise VersionInUse(f"v{number} cannot be deleted: {why}.", remedy="Point it elsewhere or stop it first.")
    repos.tell(session, principal, Action.VERSION_DELETED, repository, version=number, commit=row.commit_id)
    runs.delete_checks(session, repository.id, version=number)
    images.forget_tag(session, repository_id=repository.id, tag=f"v{number}")
    store.delete(session, row.id)
    session.flush()
    if row.image_digest and not store.has_image(session, repository.id, row.image_digest):
        images.forget_pushed(session, repository_id=repository.id, digest=row.image_digest)
    if not store.commit_in_use(session, repository.id, row.commit_id):
        datasets.forget_snapshot(session, repository.id, row.commit_id)
        packs.forget_index(session, repository.id, row.commit_id)
    dvc.withdraw_version(repositories, repository.id, number=number)
    content.revoke(session, holder_id=repository.id, why=rules.import_reason(number))
    repos.delete_version_tag(repositories, repository.id, number=number)  # last: a crash after it can be repeated


def unfinished_builds(session: Session) -> list[tuple[str, int]]:
    """(version id, attempt) of what is queued or building; for the sweep at start-up."""
    return [(str(row.id), row.attempt) for row in store.unfinished(session)]


def latest_numbers(session: Session, repository_ids: Sequence[UUID]) -> dict[UUID, int]:
    return store.latest_numbers(session, repository_ids)


def present(session: Session, rows: Sequence[VersionRow]) -> list[Version]:
    pushers = accounts.usernames(session, {row.pushed_by for row in rows if row.pushed_by})
    events = store.stage_events(session, [row.id for row in rows])
    return [_version(row, pushers, events[row.id]) for row in rows]


def _version(row: VersionRow, pushers: dict[UUID, str], events: list[Event]) -> Version:
    target = row.project.get("target")
    image = VersionImage(digest=row.image_digest, size=row.image_size or 0) if row.image_digest else None
    return Version(
        number=row.number,
        state=VersionState(row.state),
        attempt=row.attempt,
        message=row.message,
        commit_id=row.commit_id,
        pushed_by=pushers.get(row.pushed_by) if row.pushed_by else None,
        platforms=row.platforms or ([] if rules.is_dataset(row.project) else [images.own_platform()]),
        target=_shown(target) if target else "",
        signature=row.signature,
        card=row.card,
        notes=row.project.get("notes", []),
        framework=(row.project.get("framework") or {}).get("name"),
        weights=Weights.model_validate(weights) if (weights := row.project.get("weights")) else None,
        image=image,
        reason=row.reason,
        remedy=row.remedy,
        created_at=row.created_at,
        ready_at=row.ready_at,
        operation=Operation.model_validate(operation) if (operation := row.project.get("operation")) else None,
        contents=VersionContents.model_validate(contents) if (contents := row.project.get("contents")) else None,
        packed=PackedContents.model_validate(packed) if (packed := row.project.get("packed")) else None,
        stages=[
            BuildStage.model_validate(stage)
            for stage in rules.stages_of(events, attempt=row.attempt, names=rules.stage_names(row.project))
        ],
    )


def _shown(target: Mapping[str, Any]) -> str:
    return f"{target['module']}:{'.'.join(p for p in (target['class'], target['function']) if p)}"


def require_row(session: Session, repository_id: UUID, number: int) -> VersionRow:
    """For this room's own: raises ``VersionMissing``."""
    row = store.find(session, repository_id, number)
    if row is None:
        raise VersionMissing(f"There is no v{number}.", remedy="See the list of versions.")
    return row
