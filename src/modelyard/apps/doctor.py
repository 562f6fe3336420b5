"""What this machine can isolate and what follows: ``modelyard doctor`` and ``GET /api/v1/doctor``."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from modelyard.kit.http import provided
from modelyard.rooms.access.policies import Administrator, public
from modelyard.rooms.runs.ports import DescribesItself, Engine, Finding

router = APIRouter(prefix="/api/v1", tags=["administration"])


class DoctorFinding(BaseModel):
    level: str
    what: str
    why: str
    remedy: str


class Diagnosis(BaseModel):
    """The engine in use, its isolation level, and what was found."""

    engine: str
    isolation: str
    findings: list[DoctorFinding]


health_router = APIRouter(include_in_schema=False)


@health_router.get("/healthz")
def health(_: Annotated[None, Depends(public)]) -> dict[str, str]:
    """Says that the server answers; it opens its port only when everything is settled."""
    return {"status": "ok"}


@router.get("/doctor", operation_id="diagnose")
def diagnose_site(_: Administrator, engine: Annotated[Engine, Depends(provided(Engine))]) -> Diagnosis:
    """What the server's machine can isolate, how limits are enforced, and what follows."""
    return diagnose(engine)


def diagnose(engine: Engine) -> Diagnosis:
    findings = engine.describe() if isinstance(engine, DescribesItself) else []
    return Diagnosis(
        engine=type(engine).__name__.removesuffix("Engine").lower(),
        isolation=engine.isolation.value,
        findings=[_present(finding) for finding in findings],
    )


def _present(finding: Finding) -> DoctorFinding:
    return DoctorFinding(level=str(finding.level), what=finding.what, why=finding.why, remedy=finding.remedy)
