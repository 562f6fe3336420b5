"""HTTP of experiments: ``/api/v1/experiments``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.experiments import promoting, service
from modelyard.rooms.experiments.promoting import PreparedPromotion, PromotionTools
from modelyard.rooms.experiments.schemas import (
    Experiment,
    ExperimentChange,
    ExperimentTable,
    NewExperiment,
    Promotion,
    RunCurve,
)
from modelyard.rooms.runs.schemas import Run
from modelyard.rooms.versions.schemas import Version

router = APIRouter(prefix="/api/v1/experiments", tags=["experiments"], route_class=IdempotentRoute)

Tools = Annotated[PromotionTools, Depends(provided(PromotionTools))]
Now = Annotated[Clock, Depends(provided(Clock))]


@router.get("", operation_id="list_experiments")
def list_experiments(
    session: Reading, principal: SignedIn, limit: Limit = 50, cursor: Cursor = None
) -> Page[Experiment]:
    """The caller's experiments, the newest first."""
    return service.list_experiments(session, principal, cursor=cursor, limit=limit)


@router.post("", status_code=status.HTTP_201_CREATED, operation_id="create_experiment")
def create_experiment(session: Writing, principal: SignedIn, wanted: NewExperiment, clock: Now) -> Experiment:
    """Makes an experiment; runs are put into it when they are asked for, or later."""
    return service.create_experiment(session, principal, wanted, clock=clock)


@router.get("/{experiment_id}", operation_id="get_experiment")
def get_experiment(session: Reading, principal: SignedIn, experiment_id: UUID) -> Experiment:
    """One experiment."""
    return service.get_experiment(session, principal, experiment_id)


@router.patch("/{experiment_id}", operation_id="change_experiment")
def change_experiment(
    session: Writing, principal: SignedIn, experiment_id: UUID, change: ExperimentChange
) -> Experiment:
    """Its name, description, columns, and which run is pinned as the best."""
    return service.change_experiment(session, principal, experiment_id, change)


@router.delete("/{experiment_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_experiment")
def delete_experiment(session: Writing, principal: SignedIn, experiment_id: UUID) -> None:
    """Deletes an experiment; its runs stay."""
    service.delete_experiment(session, principal, experiment_id)


@router.get("/{experiment_id}/table", operation_id="compare_experiment")
def compare_experiment(session: Reading, principal: SignedIn, experiment_id: UUID) -> ExperimentTable:
    """Its runs beside each other, the newest first: parameters, metrics, inputs."""
    return service.compare(session, principal, experiment_id)


@router.get("/{experiment_id}/curves", operation_id="read_curves")
def read_curves(
    session: Reading,
    principal: SignedIn,
    experiment_id: UUID,
    metric: Annotated[str, Query(min_length=1, max_length=100, description="The name of a metric.")],
) -> list[RunCurve]:
    """One metric of every run over its steps."""
    return service.read_curves(session, principal, experiment_id, metric=metric)


@router.put("/{experiment_id}/runs/{run_id}", operation_id="put_run")
def put_run(session: Writing, principal: SignedIn, experiment_id: UUID, run_id: UUID) -> Run:
    """Moves a run into the experiment."""
    return service.put_run(session, principal, experiment_id, run_id)


@router.delete("/{experiment_id}/runs/{run_id}", operation_id="take_run")
def take_run(session: Writing, principal: SignedIn, experiment_id: UUID, run_id: UUID) -> Run:
    """Moves a run out of the experiment."""
    return service.take_run(session, principal, experiment_id, run_id)


def _prepared(principal: SignedIn, experiment_id: UUID, wanted: Promotion, tools: Tools) -> PreparedPromotion:
    """The slow part; as the first dependency it is over before the write transaction begins."""
    return promoting.prepare_promotion(tools, principal=principal, experiment_id=experiment_id, wanted=wanted)


@router.post("/{experiment_id}/promotions", status_code=status.HTTP_202_ACCEPTED, operation_id="promote_output")
def promote_output(
    promotion: Annotated[PreparedPromotion, Depends(_prepared)],
    session: Writing,
    principal: SignedIn,
    tools: Tools,
) -> Version:
    """Makes what a run left the next version of a model."""
    return promoting.record_promotion(session, tools, principal=principal, promotion=promotion)
