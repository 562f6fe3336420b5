"""What every room's routes share: sessions per request, provided parts, declared policies, problem responses.

A request is one transaction. ``Reading`` and ``Writing`` give its session; a writing session is committed *before* the
response is sent (``scope="function"``), so what is acknowledged is durable.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelyard.kit.clock import Clock, system_clock
from modelyard.kit.db import Database
from modelyard.kit.errors import Invalid, ModelyardError
from modelyard.kit.faults import fault_of
from modelyard.kit.ids import new_id

Part = TypeVar("Part")
Dependency = TypeVar("Dependency", bound=Callable[..., Any])

PROBLEMS = {
    "4XX": "The request cannot be carried out; `code` says why, `remedy` what to do.",
    "503": "Something that this needs is not there at the moment; try again.",
    "507": "The server's disk is full.",
}

log = logging.getLogger("modelyard.http")


def provide(app: FastAPI, kind: type[Part], part: Part) -> None:
    """Makes a part (a port's adapter, a room's options) available to routes as ``Provided(kind)``."""
    if not hasattr(app.state, "parts"):
        app.state.parts = {}
    app.state.parts[kind] = part


def part_of(app: Any, kind: type[Part]) -> Part:
    """The part provided for ``kind``; a part that was never wired is a programming error (``KeyError``)."""
    return cast(Part, app.state.parts[kind])


def provided(kind: type[Part]) -> Callable[[Request], Part]:
    """A dependency that hands a route the part wired for ``kind``."""

    def get(request: Request) -> Part:
        return part_of(request.app, kind)

    return get


def part_if_any(app: Any, kind: type[Part]) -> Part | None:
    """As ``part_of``, for what an application may do without."""
    return cast(Part | None, getattr(app.state, "parts", {}).get(kind))


def clock_of(app: Any) -> Clock:
    """The clock provided to the application; the system's where none is."""
    return cast(Clock, getattr(app.state, "parts", {}).get(Clock, system_clock))


def _reading(request: Request) -> Iterator[Session]:
    with part_of(request.app, Database).read() as session:
        yield session


def _writing(request: Request) -> Iterator[Session]:
    with part_of(request.app, Database).write() as session:
        request.state.writing = session
        yield session


Reading = Annotated[Session, Depends(_reading, scope="function")]
Writing = Annotated[Session, Depends(_writing, scope="function")]


def policy(name: str) -> Callable[[Dependency], Dependency]:
    """Marks a dependency as an access policy. A route that depends on none fails at start-up."""

    def mark(dependency: Dependency) -> Dependency:
        dependency.__policy__ = name  # type: ignore[attr-defined]
        return dependency

    return mark


def declared_policies(route: APIRoute) -> set[str]:
    """The names of the policies that a route depends on."""
    return {name for call in _calls(route.dependant) if (name := getattr(call, "__policy__", None))}


def depends_on_writing(route: APIRoute) -> bool:
    """Whether the route changes things through ``Writing``."""
    return depends_on(route, _writing)


def depends_on(route: APIRoute, dependency: Callable[..., Any]) -> bool:
    """Whether the route depends on it, directly or through others."""
    return dependency in _calls(route.dependant)


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Every route of the application, those of included routers too."""
    found = (context.original_route for context in iter_route_contexts(app.routes))
    return [route for route in found if isinstance(route, APIRoute)]


def check_policies(app: FastAPI) -> None:
    """Raises ``RuntimeError`` naming every route without a policy. Call once all routers are included."""
    routes = api_routes(app)
    if not routes:
        raise RuntimeError("no routes were found to check")
    bare = [f"{sorted(route.methods or ())} {route.path}" for route in routes if not declared_policies(route)]
    if bare:
        raise RuntimeError("routes without a declared policy: " + ", ".join(bare))


class FieldProblem(BaseModel):
    """One field that was not accepted."""

    field: str = Field(description="Where in the input, as a dotted path.")
    detail: str


class Problem(BaseModel):
    """An error as RFC 9457 describes it, with a stable ``code`` and what to do (``remedy``)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    remedy: str = ""
    field: str | None = None
    errors: list[FieldProblem] = Field(default_factory=list)
    request_id: str | None = Field(
        default=None, description="Quote it when asking for help; it is in the server's log."
    )


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )


def problem_of(error: ModelyardError) -> Problem:
    return Problem(
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        remedy=error.remedy,
        field=error.field,
        errors=[FieldProblem(field=error.field, detail=error.detail)] if error.field else [],
    )


def install_problem_handlers(app: FastAPI) -> None:
    """One handler per kind of failure; everything a caller sees is ``application/problem+json``."""
    app.add_exception_handler(ModelyardError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DataError, _on_data)
    app.add_middleware(_AnswersUnknown)


def document_problems(app: FastAPI) -> None:
    """Has OpenAPI say of every operation that what goes wrong comes as a ``Problem``."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        models = schema.setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        models |= {**problem.pop("$defs", {}), "Problem": problem}
        for model in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which are never sent
            models.pop(model, None)
        for operation in (o for path in schema["paths"].values() for o in path.values()):
            operation["responses"].pop("422", None)
            operation["responses"] |= {status: _problem_answer(text) for status, text in PROBLEMS.items()}
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _problem_answer(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _on_known(_request: Request, error: Exception) -> Response:
    known = cast(ModelyardError, error)
    return problem_response(problem_of(known), known.headers())


def _on_validation(_request: Request, error: Exception) -> Response:
    found = cast(RequestValidationError, error).errors()
    fields = [
        FieldProblem(field=".".join(str(p) for p in e["loc"][1:]) or str(e["loc"][0]), detail=e["msg"]) for e in found
    ]
    first = fields[0] if fields else FieldProblem(field="body", detail="not valid")
    problem = Problem(
        title=Invalid.title,
        status=422,
        code=Invalid.code,
        detail=f"{first.field}: {first.detail}",
        remedy="Correct the named fields and send it again.",
        field=first.field,
        errors=fields,
    )
    return problem_response(problem)


def _on_http(_request: Request, error: Exception) -> Response:
    raised = cast(HTTPException, error)
    code = {404: "not_found", 405: "method_not_allowed"}.get(raised.status_code, "http_error")
    title = str(raised.detail or "Error")
    problem = Problem(title=title, status=raised.status_code, code=code, detail=title)
    return problem_response(problem, dict(raised.headers or {}))


def _on_data(request: Request, _error: Exception) -> Response:
    """A value that the database cannot hold, such as text with a NUL on PostgreSQL, came through to it."""
    log.warning("a value that cannot be stored on %s %s", request.method, request.url.path)
    return _on_known(request, Invalid("A value holds characters that cannot be stored.", remedy="Send plain text."))


class _AnswersUnknown:
    """Answers what no handler knew. A handler for ``Exception`` would see it raised again after the answer, and the
    server close the connection that the caller may already have sent the next request on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as e:
            if scope["type"] != "http" or started:
                raise
            await _on_unknown(Request(scope), e)(scope, receive, send)


def _on_unknown(request: Request, error: Exception) -> Response:
    if fault := fault_of(error):
        log.error("%s on %s %s", fault.code, request.method, request.url.path, exc_info=error)
        return _on_known(request, fault)
    request_id = str(new_id())
    log.error("unexpected error %s on %s %s", request_id, request.method, request.url.path, exc_info=error)
    problem = Problem(
        title=ModelyardError.title,
        status=500,
        code=ModelyardError.code,
        detail="An unexpected error happened; it is in the server's log.",
        request_id=request_id,
    )
    return problem_response(problem)


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call:
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
