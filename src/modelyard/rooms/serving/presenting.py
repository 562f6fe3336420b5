"""Deployments as the API shows them, from their rows."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.serving import rules, store
from modelyard.rooms.serving.rules import Callers, ReplicaState
from modelyard.rooms.serving.schemas import Alias, AliasChange, Deployment, Replica
from modelyard.rooms.serving.tables import AliasChangeRow, AliasRow, DeploymentRow, ReplicaRow

ENDED_SHOWN = timedelta(hours=1)


def present(
    session: Session, rows: Sequence[DeploymentRow], known: dict[UUID, Repository], clock: Clock
) -> list[Deployment]:
    """Deployments with their aliases, and their replicas that run or ended lately; ``known`` are the repositories."""
    ids = [row.repository_id for row in rows]
    pointers = store.aliases(session, ids)
    replicas = store.replicas(session, ids, since=clock() - ENDED_SHOWN)
    return [
        _deployment(
            row,
            known[row.repository_id],
            [a for a in pointers if a.repository_id == row.repository_id],
            [r for r in replicas if r.repository_id == row.repository_id],
        )
        for row in rows
    ]


def present_changes(session: Session, rows: Sequence[AliasChangeRow]) -> list[AliasChange]:
    """What aliases pointed at, with the names of those who moved them."""
    names = accounts.usernames(session, {row.changed_by for row in rows if row.changed_by})
    return [
        AliasChange(
            alias=row.alias,
            version=row.version,
            previous=row.previous,
            verb=row.verb,
            changed_by=names.get(row.changed_by) if row.changed_by else None,
            changed_at=row.changed_at,
        )
        for row in rows
    ]


def _deployment(
    row: DeploymentRow, repository: Repository, pointers: Sequence[AliasRow], replicas: Sequence[ReplicaRow]
) -> Deployment:
    ready = {r.version for r in replicas if r.state == ReplicaState.READY}
    return Deployment(
        owner=repository.owner,
        name=repository.name,
        wanted=row.wanted,
        callers=Callers(row.callers),
        replicas=row.replicas,
        workers=row.workers,
        keep_warm=row.keep_warm,
        idle_stop_seconds=row.idle_stop_seconds,
        keep_inputs=row.keep_inputs,
        aliases=[_present_alias(pointer, ready) for pointer in pointers],
        running=[_replica(replica) for replica in replicas],
        url=f"/serve/{repository.address}",
    )


def _present_alias(row: AliasRow, ready: Collection[int]) -> Alias:
    return Alias(
        alias=row.alias,
        version=row.version,
        previous=row.previous,
        answering=rules.answering_version(row.version, row.previous, ready),
        updated_at=row.updated_at,
    )


def _replica(row: ReplicaRow) -> Replica:
    return Replica(
        id=row.id,
        version=row.version,
        state=ReplicaState(row.state),
        isolation=row.isolation,
        reason=row.reason,
        started_at=row.started_at,
        ready_at=row.ready_at,
        ended_at=row.ended_at,
        dropped_predictions=row.dropped_predictions,
    )
