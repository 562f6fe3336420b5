"""Every protocol's routes, as one table."""

from typing import Any

from modelyard_box.config import Box, Settings
from modelyard_box.inputs import Inputs
from modelyard_box.pool import WorkerPool
from modelyard_box.predicting import Predictor
from modelyard_box.surfaces.cog import CogSurface
from modelyard_box.surfaces.docs import DocsSurface
from modelyard_box.surfaces.mlflow import MlflowSurface
from modelyard_box.surfaces.open_inference import OpenInferenceSurface


def surface_routes(
    box: Box, settings: Settings, inputs: Inputs, predictor: Predictor, pool: WorkerPool
) -> dict[str, dict[str, Any]]:
    """Address → method → handler, of all protocols but the box's own."""

    def is_ready() -> bool:
        return pool.ready_workers > 0

    def state() -> tuple[str, float | None, str | None]:
        failure = pool.load_failure["reason"] if pool.load_failure is not None else None
        return "ready" if is_ready() else "failed" if failure else "loading", pool.load_seconds, failure

    return {
        **MlflowSurface(box.signature, inputs, predictor, is_ready).routes(),
        **OpenInferenceSurface(box.signature, inputs, predictor, settings, is_ready).routes(),
        **CogSurface(box.signature, inputs, predictor, state).routes(),
        **DocsSurface(box, settings).routes(),
    }
