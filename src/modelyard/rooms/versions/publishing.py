"""Which versions of an operation others may run, and whether their script was changed since."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.paging import Page
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import rules, service, store
from modelyard.rooms.versions.errors import NotAnOperation, VersionNotReady
from modelyard.rooms.versions.rules import VersionState
from modelyard.rooms.versions.schemas import Origin, Version


def set_published(
    session: Session, number: int, *, principal: Principal, repository: Repository, published: bool
) -> Version:
    """Offers a version of an operation to others, or takes it back; what runs already goes on. May be repeated.

    Raises ``VersionMissing``, ``NotAnOperation`` and ``VersionNotReady``.
    """
    found = service.require_row(session, repository.id, number)
    row = store.get_for_update(session, found.id) or found
    operation = row.project.get("operation")
    if not operation:
        raise NotAnOperation(f"v{number} is not of an operation.", remedy="Models are offered by deploying them.")
    if VersionState(row.state) is not VersionState.READY:
        raise VersionNotReady(f"v{number} is {row.state}.", remedy="Wait until it is ready.")
    row.project = {**row.project, "operation": {**operation, "published": published}}
    session.flush()
    action = Action.VERSION_PUBLISHED if published else Action.VERSION_UNPUBLISHED
    repos.tell(session, principal, action, repository, version=number)
    return service.present(session, [row])[0]


def show_version(session: Session, options: RepositoryOptions, repository_id: UUID, number: int) -> Version:
    """As ``service.get_version``, and whether its script is outdated."""
    return mark_outdated(session, options, repository_id, [service.get_version(session, repository_id, number)])[0]


def show_versions(
    session: Session, options: RepositoryOptions, repository_id: UUID, *, cursor: str | None, limit: int
) -> Page[Version]:
    """As ``service.list_versions``, and which script is outdated."""
    page = service.list_versions(session, repository_id, cursor=cursor, limit=limit)
    return page.model_copy(update={"items": mark_outdated(session, options, repository_id, page.items)})


def mark_outdated(
    session: Session, options: RepositoryOptions, repository_id: UUID, versions: Sequence[Version]
) -> list[Version]:
    """Says of the newest published version whether files that matter are others on ``main`` by now."""
    if not any(_is_script(version) for version in versions):
        return list(versions)
    newest = store.newest_published(session, repository_id)
    if newest is None or newest.number not in {version.number for version in versions}:
        return list(versions)
    changed = repos.changed_paths(options, repository_id, base=newest.commit_id)
    outdated = any(rules.is_part_of_script(path) for path in changed)
    return [_marked(version, outdated) if version.number == newest.number else version for version in versions]


def _is_script(version: Version) -> bool:
    return version.operation is not None and version.operation.origin is Origin.SCRIPT


def _marked(version: Version, outdated: bool) -> Version:
    if version.operation is None:
        return version
    return version.model_copy(update={"operation": version.operation.model_copy(update={"outdated": outdated})})
