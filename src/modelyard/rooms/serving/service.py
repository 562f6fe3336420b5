"""Verbs on deployments: deploy, stop, set alias, roll back, scale, describe. Replicas follow in ``fleet``."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.kit.paging import Page
from modelyard.rooms.access.errors import ScopeMissing
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal, Scope
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.serving import presenting, rules, store
from modelyard.rooms.serving.errors import (
    AliasMissing,
    CallerRefused,
    DeploymentMissing,
    DeploymentStopped,
    NothingToRollBack,
    RollbackTargetDeleted,
)
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.serving.rules import Callers, Wish
from modelyard.rooms.serving.schemas import (
    AliasChange,
    Deploy,
    Deployment,
    DeploymentChange,
    ServeToken,
)
from modelyard.rooms.serving.tables import AliasRow, DeploymentRow
from modelyard.rooms.versions import service as versions
from modelyard.rooms.versions.errors import VersionMissing
from modelyard.rooms.versions.schemas import Version

SERVING, STOPPED = "serving", "stopped"
SERVE_TOKEN_LIFETIME = timedelta(minutes=5)


def deploy(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    wanted: Deploy,
    options: ServingOptions,
    clock: Clock,
) -> Deployment:
    """Points an alias at a version that is ready and wants it served; the version before answers until it can.

    Raises ``VersionNotReady``, ``VersionMissing`` and, for an operation, ``NotAModel``.
    """
    version = versions.get_model_version(session, repository.id, wanted.version)
    now = clock()
    store.insert_deployment(
        session,
        {
            "repository_id": repository.id,
            "wanted": SERVING,
            "callers": Callers.READERS.value,
            "replicas": 1,
            "workers": 1,
            "keep_warm": options.keep_warm,
            "idle_stop_seconds": int(options.idle_stop.total_seconds()),
            "created_at": now,
            "updated_at": now,
        },
    )
    row = _row(session, repository, lock=True)
    row.wanted = SERVING
    _apply(row, wanted, clock)
    _point(session, principal, repository, wanted.alias, version.number, "deploy", clock)
    return describe(session, repository, options=options, clock=clock)


def change_deployment(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    change: DeploymentChange,
    options: ServingOptions,
    clock: Clock,
) -> Deployment:
    """Scales and sets bounds; raises ``DeploymentMissing``."""
    _apply(_row(session, repository, lock=True), change, clock)
    changed = change.model_dump(mode="json", exclude_none=True)
    repos.tell(session, principal, Action.DEPLOYMENT_CHANGED, repository, **changed)
    session.flush()
    return describe(session, repository, options=options, clock=clock)


def stop(
    session: Session, *, principal: Principal, repository: Repository, options: ServingOptions, clock: Clock
) -> Deployment:
    """Stops answering; aliases stay, so that deploying again is one call."""
    row = _row(session, repository, lock=True)
    repos.tell(session, principal, Action.DEPLOYMENT_STOPPED, repository)
    row.wanted, row.updated_at = STOPPED, clock()
    session.flush()
    return describe(session, repository, options=options, clock=clock)


def set_alias(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    alias: str,
    number: int,
    options: ServingOptions,
    clock: Clock,
) -> Deployment:
    """Points an alias at a version; raises ``DeploymentMissing``, ``VersionNotReady``."""
    _row(session, repository, lock=True)
    version = versions.get_model_version(session, repository.id, number)
    _point(session, principal, repository, alias, version.number, "set", clock)
    return describe(session, repository, options=options, clock=clock)


def remove_alias(session: Session, *, principal: Principal, repository: Repository, alias: str, clock: Clock) -> None:
    """Raises ``DeploymentMissing``, ``AliasMissing``."""
    _row(session, repository, lock=True)
    row = _alias(session, repository, alias)
    _note(session, principal, repository, alias, None, row.version, "remove", clock)
    store.delete_alias(session, row)


def roll_back(
    session: Session,
    *,
    principal: Principal,
    repository: Repository,
    alias: str,
    options: ServingOptions,
    clock: Clock,
) -> Deployment:
    """Points the alias at the version it pointed at before; raises ``NothingToRollBack``, ``RollbackTargetDeleted``."""
    _row(session, repository, lock=True)
    row = _alias(session, repository, alias)
    version = _version_before(session, repository, alias, row.version)
    _point(session, principal, repository, alias, version.number, "rollback", clock)
    return describe(session, repository, options=options, clock=clock)


def describe(session: Session, repository: Repository, *, options: ServingOptions, clock: Clock) -> Deployment:
    """Raises ``DeploymentMissing``."""
    return presenting.present(session, [_row(session, repository)], {repository.id: repository}, clock)[0]


def list_deployments(
    session: Session,
    *,
    principal: Principal,
    require_sign_in: bool,
    owner: str | None,
    cursor: str | None,
    limit: int,
    clock: Clock,
) -> Page[Deployment]:
    """Deployments of the repositories that the principal may read, by repository, newest first."""
    page = repos.list_repositories(
        session, principal=principal, require_sign_in=require_sign_in, owner=owner, cursor=cursor, limit=limit
    )
    known = {repository.id: repository for repository in page.items}
    rows = store.deployments_of(session, list(known))
    return Page(items=presenting.present(session, rows, known, clock), next_cursor=page.next_cursor)


def history(session: Session, repository: Repository, *, limit: int) -> list[AliasChange]:
    """What aliases pointed at, the latest change first."""
    rows = store.changes(session, repository.id, limit=limit)
    return presenting.present_changes(session, rows)


def create_serve_token(session: Session, *, principal: Principal, repository: Repository, clock: Clock) -> ServeToken:
    """A token that can read and call this repository for a few minutes; what the web page calls models with."""
    assert principal.account_id is not None  # the route asks for a signed-in caller
    if Scope.PREDICT not in principal.scopes:
        raise ScopeMissing("The token lacks the scope 'predict'.", remedy="Make a token with that scope.")
    token = accounts.create_token(
        session,
        account_id=principal.account_id,
        name="serve",
        scopes=[scope for scope in (Scope.READ, Scope.PREDICT) if scope in principal.scopes],
        lifetime=SERVE_TOKEN_LIFETIME,
        only_repository=repository.id,
        clock=clock,
    )
    return ServeToken(secret=token.secret, expires_at=clock() + SERVE_TOKEN_LIFETIME)


def choose_version(
    session: Session, *, principal: Principal, repository: Repository, version: int | None, alias: str
) -> tuple[int, int | None]:
    """(the version an address means, the version that answers until that one is ready).

    Raises ``DeploymentMissing``, ``DeploymentStopped``, ``CallerRefused``, ``AliasMissing``, ``VersionNotReady``.
    """
    row = _row(session, repository)
    if Callers(row.callers) is Callers.OWNER:
        _require_maintainer(repository)
    if row.wanted != SERVING:
        raise DeploymentStopped(f"{repository.address} is stopped.", remedy="Its owner can deploy it again.")
    if version is not None:
        return versions.get_model_version(session, repository.id, version).number, None
    pointer = _alias(session, repository, alias)
    return pointer.version, pointer.previous


def wishes(session: Session) -> list[Wish]:
    """What should be able to answer, from every deployment that is to serve."""
    serving = {row.repository_id: row for row in store.deployments(session) if row.wanted == SERVING}
    found = []
    for pointer in store.aliases(session, list(serving)):
        row = serving[pointer.repository_id]
        warm = row.replicas if row.keep_warm else 0
        idle_stop = timedelta(seconds=row.idle_stop_seconds)
        most = max(row.replicas, 1)
        found.append(Wish(pointer.repository_id, pointer.version, warm, idle_stop, most, pointer.previous))
    return found


def repositories_to_stop(session: Session, known: Collection[UUID]) -> set[UUID]:
    """Of the repositories that have boxes, those whose deployment is stopped, being deleted, or gone."""
    serving = {row.repository_id for row in store.deployments(session) if row.wanted == SERVING}
    return set(known) - (serving - set(repos.repositories_to_delete(session)))


class ServingUsers:
    """Tells the versions room what is served (its port ``VersionUsers``)."""

    def why_kept(self, session: Session, *, repository_id: UUID, number: int) -> str | None:
        pointing = [a.alias for a in store.aliases(session, [repository_id]) if a.version == number]
        return f"the alias '{pointing[0]}' points at it" if pointing else None


def _apply(row: DeploymentRow, change: DeploymentChange, clock: Clock) -> None:
    for name in ("callers", "replicas", "workers", "keep_warm", "idle_stop_seconds", "keep_inputs"):
        value = getattr(change, name)
        if value is not None:
            setattr(row, name, value)
    row.updated_at = clock()


def _point(
    session: Session,
    principal: Principal,
    repository: Repository,
    alias: str,
    version: int,
    verb: str,
    clock: Clock,
) -> None:
    row = store.alias(session, repository.id, alias)
    if row is None:
        pointer = AliasRow(repository_id=repository.id, alias=alias, version=version, previous=None, updated_at=clock())
        store.add_alias(session, pointer)
        _note(session, principal, repository, alias, version, None, verb, clock)
    elif row.version != version:
        _note(session, principal, repository, alias, version, row.version, verb, clock)
        row.version, row.previous, row.updated_at = version, row.version, clock()
        session.flush()


def _note(
    session: Session,
    principal: Principal,
    repository: Repository,
    alias: str,
    version: int | None,
    previous: int | None,
    verb: str,
    clock: Clock,
) -> None:
    action = Action.ALIAS_SET if version else Action.ALIAS_REMOVED
    repos.tell(session, principal, action, repository, alias=alias, version=version, before=previous, how=verb)
    store.add_change(
        session,
        {
            "id": new_id(),
            "repository_id": repository.id,
            "alias": alias,
            "version": version,
            "previous": previous,
            "verb": verb,
            "changed_by": principal.account_id,
            "changed_at": clock(),
        },
    )


def _version_before(session: Session, repository: Repository, alias: str, version: int) -> Version:
    changes = reversed(store.changes(session, repository.id, alias=alias, limit=1000))
    before = rules.version_before([(change.verb, change.version) for change in changes], version)
    if before is None:
        raise NothingToRollBack(f"'{alias}' has not pointed at another version.", remedy="Set the alias to a version.")
    try:
        return versions.get_ready_version(session, repository.id, before)
    except VersionMissing as e:
        raise RollbackTargetDeleted(
            f"v{before}, which '{alias}' pointed at before, was deleted.",
            remedy="Deploy a version that is there, or set the alias to it; see the list of versions.",
        ) from e


def _require_maintainer(repository: Repository) -> None:
    if not repository.can_write:
        raise CallerRefused(f"Only the owner of {repository.address} may call it.", remedy="Ask the owner.")


def _row(session: Session, repository: Repository, *, lock: bool = False) -> DeploymentRow:
    """``lock`` for changes of the deployment or its aliases: one at a time, so that history tells their order."""
    row = store.deployment(session, repository.id, lock=lock)
    if row is None:
        raise DeploymentMissing(f"{repository.address} is not deployed.", remedy="Its owner can deploy a version.")
    return row


def _alias(session: Session, repository: Repository, alias: str) -> AliasRow:
    row = store.alias(session, repository.id, alias)
    if row is None:
        raise AliasMissing(f"{repository.address} has no alias '{alias}'.", remedy="Deploy a version to it.")
    return row
