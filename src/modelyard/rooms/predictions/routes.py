"""HTTP of predictions: ``/api/v1/repos/{owner}/{name}/predictions``."""

from uuid import UUID

from fastapi import APIRouter

from modelyard.kit.http import Reading
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.predictions import service
from modelyard.rooms.predictions.schemas import Prediction, StatusFilter, VersionFilter
from modelyard.rooms.repos.policies import Maintained

router = APIRouter(prefix="/api/v1", tags=["predictions"])
BELOW = "/repos/{owner}/{name}/predictions"


@router.get(BELOW, operation_id="list_predictions")
def list_predictions(
    session: Reading,
    repository: Maintained,
    version: VersionFilter = None,
    status: StatusFilter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Prediction]:
    """What the repository's deployment predicted, the newest first; a few seconds late."""
    return service.list_predictions(session, repository.id, version=version, status=status, cursor=cursor, limit=limit)


@router.get(f"{BELOW}/{{prediction_id}}", operation_id="get_prediction")
def get_prediction(session: Reading, repository: Maintained, prediction_id: UUID) -> Prediction:
    """The prediction of an id that a caller was told."""
    return service.get_prediction(session, repository.id, prediction_id)
