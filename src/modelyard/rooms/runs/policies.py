"""Dependencies for routes below ``/runs/{run_id}``: they find the run and decide whether the caller may."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from modelyard.kit.http import Reading, policy
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.runs import service
from modelyard.rooms.runs.schemas import Run


@policy("run owner")
def own_run(session: Reading, principal: SignedIn, run_id: UUID) -> Run:
    """Whoever asked for the run, and administrators; for everybody else it does not exist."""
    return service.get_run(session, principal, run_id)


Mine = Annotated[Run, Depends(own_run)]
