"""Cog's HTTP API, synchronous: ``/predictions``, ``/health-check``, and an index of addresses at ``/``.

https://cog.run/http. There are no webhooks, no uploads and no asynchronous predictions here: ``Prefer: respond-async``
is a wish (RFC 7240), which is answered synchronously; a webhook is refused.
"""

import platform
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from modelyard_box import VERSION, messages
from modelyard_box.bodies import parse_json
from modelyard_box.connection import Connection
from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs, invalid_input
from modelyard_box.predicting import Predictor
from modelyard_box.replies import EVENTS, output_json
from modelyard_box.requests import Request
from modelyard_box.surfaces.answers import Whole
from modelyard_box.surfaces.cog_predictions import EventReply, Prediction
from modelyard_box.surfaces.files import DataUris

_ENDINGS = {"ready": "succeeded", "failed": "failed", "loading": "starting"}
_STATES = {"ready": "READY", "failed": "SETUP_FAILED", "loading": "STARTING"}
_UNSUPPORTED = ("webhook", "webhook_events_filter", "output_file_prefix")
_NO_STORE = [("cache-control", "no-store")]
INDEX = {
    "cog_version": "0.17.0",
    "docs_url": "/docs",
    "openapi_url": "/openapi.json",
    "healthcheck_url": "/health-check",
    "predictions_url": "/predictions",
    "predictions_idempotent_url": "/predictions/{prediction_id}",
    "predictions_cancel_url": "/predictions/{prediction_id}/cancel",
}
"""``cog_version`` is the release whose protocol this is."""


class CogSurface:
    """``state`` says ``loading``, ``ready`` or ``failed``, and how long loading took and why it failed."""

    def __init__(
        self,
        signature: dict[str, Any],
        inputs: Inputs,
        predictor: Predictor,
        state: Callable[[], tuple[str, float | None, str | None]],
    ) -> None:
        self._inputs = inputs
        self._files = DataUris(signature.get("output") or {})
        self._predictor = predictor
        self._state = state
        self._started = datetime.now(UTC)
        self._running: dict[str, Prediction] = {}

    def routes(self) -> dict[str, dict[str, Any]]:
        return {
            "/predictions": {"POST": self._create},
            "/predictions/{prediction_id}": {"PUT": self._create},
            "/predictions/{prediction_id}/cancel": {"POST": self._cancel},
            "/health-check": {"GET": self._health},
        }

    def _create(self, request: Request, connection: Connection) -> None:
        try:
            self._begin(request, connection)
        except Problem as problem:
            _refuse(connection, problem)

    def _begin(self, request: Request, connection: Connection) -> None:
        body = _body(request)
        named = request.parameters.get("prediction_id") or body.get("id")
        asked = request.parameters.get("prediction_id")
        if asked is not None and body.get("id", asked) != asked:
            raise _detail(["body", "id"], "is not the id in the address")
        same = self._running.get(asked) if asked is not None else None
        if same is not None:
            self._join(same, request, connection)
            return
        given = body.get("input", {})
        inputs = self._inputs.check(dict(given)) if isinstance(given, dict) else _no_object()
        prediction_id = self._predictor.new_id()
        prediction = Prediction(str(named or prediction_id), given)
        headers = [("x-prediction-id", prediction_id)]
        if EVENTS in request.headers.get("accept", ""):
            reply = EventReply(connection, prediction, headers, self._files)
            self._predictor.begin(request, prediction_id, inputs, reply)
            return
        prediction.reply = Whole(
            lambda output: self._succeed(prediction, output, headers),
            lambda problem: self._fail(prediction, problem, headers),
        )
        self._predictor.begin(request, prediction_id, inputs, prediction.reply)
        if named is not None:
            self._running.setdefault(prediction.id, prediction)
        self._join(prediction, request, connection)

    def _join(self, prediction: Prediction, request: Request, connection: Connection) -> None:
        """Waits for a prediction. It is called off when the last who waits for it has left."""
        prediction.waiting[request] = connection
        request.on_disconnect = lambda: self._leave(prediction, request)

    def _leave(self, prediction: Prediction, request: Request) -> None:
        prediction.waiting.pop(request, None)
        if not prediction.waiting and prediction.reply is not None:
            self._forget(prediction)
            self._predictor.cancel(prediction.reply)

    def _succeed(self, prediction: Prediction, output: Any, headers: messages.Headers) -> None:
        self._settle(prediction, "succeeded", output_json(self._files.convert(output)), None, headers)

    def _fail(self, prediction: Prediction, problem: Problem, headers: messages.Headers) -> None:
        """A model that failed is a prediction that failed; what never ran is an error of the request."""
        if problem.status == 500:
            self._settle(prediction, "failed", b"null", problem.detail, headers)
            return
        for connection in self._released(prediction):
            _refuse(connection, problem)

    def _settle(
        self, prediction: Prediction, status: str, output: bytes, error: str | None, headers: messages.Headers
    ) -> None:
        content = prediction.envelope(status, output, error)
        for connection in self._released(prediction):
            connection.respond(200, content, messages.JSON, headers)

    def _released(self, prediction: Prediction) -> list[Connection]:
        self._forget(prediction)
        waiting, prediction.waiting = list(prediction.waiting.values()), {}
        return waiting

    def _forget(self, prediction: Prediction) -> None:
        if self._running.get(prediction.id) is prediction:
            del self._running[prediction.id]

    def _cancel(self, request: Request, connection: Connection) -> None:
        prediction = self._running.get(request.parameters["prediction_id"])
        if prediction is None or prediction.reply is None:
            _refuse(connection, Problem(404, "not-found", "there is no prediction of that id that runs"))
            return
        self._predictor.cancel(prediction.reply)
        self._settle(prediction, "canceled", b"null", None, [])
        connection.respond(200, b"{}", messages.JSON)

    def _health(self, request: Request, connection: Connection) -> None:
        state, seconds, reason = self._state()
        setup: dict[str, Any] = {
            "started_at": self._started.isoformat(),
            "status": _ENDINGS[state],
            "logs": reason or "",
        }
        if seconds is not None:
            setup["completed_at"] = datetime.fromtimestamp(self._started.timestamp() + seconds, UTC).isoformat()
        version = {"python": platform.python_version(), "modelyard_box": VERSION}
        content = {"status": _STATES[state], "setup": setup, "version": version}
        connection.respond(200, messages.dump(content), messages.JSON, _NO_STORE)


def _body(request: Request) -> dict[str, Any]:
    """Raises Problem for what is no prediction request, and for wishes that this box does not fulfil."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unsupported-encoding", "send the body without compression")
    body = parse_json(request.body) if request.body else {}
    if not isinstance(body, dict):
        raise _detail(["body"], "is not an object")
    for name in _UNSUPPORTED:
        if body.get(name):
            raise _detail(["body", name], "is not supported: this box answers synchronously and calls nobody")
    return body


def _no_object() -> dict[str, Any]:
    raise invalid_input([([], "must be an object of inputs")])


def _detail(place: list[str | int], words: str) -> Problem:
    return Problem(422, "invalid-input", f"{'.'.join(map(str, place))} {words}", place=place, words=words)


def _refuse(connection: Connection, problem: Problem) -> None:
    """``{"detail": …}``; where inputs are wrong, a list with the place and the words for each."""
    connection.respond(problem.status, messages.dump({"detail": _told(problem)}), messages.JSON, problem.headers)


def _told(problem: Problem) -> Any:
    if problem.status != 422:
        return problem.detail
    if "place" in problem.more:
        return [{"loc": problem.more["place"], "msg": problem.more["words"], "type": "value_error"}]
    errors = problem.more.get("errors") or [{"pointer": "", "detail": problem.detail}]
    return [
        {"loc": ["body", "input", *_steps(error["pointer"])], "msg": error["detail"], "type": "value_error"}
        for error in errors
    ]


def _steps(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
