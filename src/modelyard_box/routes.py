"""What the box answers, as a table: path → method → handler."""

import importlib
from collections.abc import Callable
from typing import Any

from modelyard_box import VERSION, messages
from modelyard_box.bodies import parse_json, read_inputs
from modelyard_box.config import Box, Settings
from modelyard_box.connection import Connection
from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs
from modelyard_box.metrics import TEXT, Metrics
from modelyard_box.openapi import build_openapi
from modelyard_box.pool import WorkerPool
from modelyard_box.predicting import Predictor
from modelyard_box.records import Records
from modelyard_box.replies import EVENTS, PredictionReply
from modelyard_box.requests import Request
from modelyard_box.surfaces.addresses import Addresses
from modelyard_box.surfaces.table import surface_routes

Handler = Callable[[Request, Connection], None]
_OTHER = "other"
RECORDS = "/-/records"


class Routes:
    """The table, and what its handlers need."""

    def __init__(self, box: Box, settings: Settings, pool: WorkerPool) -> None:
        self._box = box
        self._settings = settings
        self._pool = pool
        self._inputs = Inputs(box.signature["inputs"])
        self._records = Records(settings.records, keep_inputs=settings.keep_inputs) if settings.records else None
        self._predictor = self._make_predictor()
        self._metrics = Metrics(pool)
        self.count = self._metrics.end
        self._table: dict[str, dict[str, Handler]] = {
            "/model/predict": {"POST": self._predict},
            "/predict": {"POST": self._predict},
            "/model/data": {"GET": self._data},
            "/health": {"GET": self._health},
            "/openapi.json": {"GET": self._openapi},
            "/metrics": {"GET": self._show_metrics},
            **({RECORDS: {"POST": self._give_records}} if self._records is not None else {}),
            **surface_routes(box, settings, self._inputs, self._predictor, pool),
        }
        self._addresses = Addresses(self._table)

    def handle(self, request: Request, connection: Connection) -> None:
        """Answers a request. Raises Problem for what it cannot answer."""
        methods = self._table.get(request.path)
        request.route = request.path if methods is not None else _OTHER
        if methods is None:
            methods = self._addresses.find(request)
        self._metrics.begin(request)
        if methods is None:
            raise Problem(404, "not-found", f"there is nothing at {request.path}; see /openapi.json")
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is not None:
            handler(request, connection)
            return
        allowed = [("allow", ", ".join(_allowed(methods)))]
        if request.method != "OPTIONS":
            raise Problem(405, "method-not-allowed", f"{request.path} does not take {request.method}", headers=allowed)
        connection.respond(204, b"", None, allowed)

    def _make_predictor(self) -> Predictor:
        """What fetches URLs is loaded only where that is allowed."""
        settings = self._settings
        if not settings.fetch_urls:
            return Predictor(self._pool, self._records)
        fetching = importlib.import_module("modelyard_box.fetching")
        limits = {"most_bytes": settings.max_body_bytes, "timeout_s": settings.fetch_timeout_s}
        predictor: Predictor = fetching.FetchingPredictor(self._pool, self._records, self._inputs, **limits)
        return predictor

    def _predict(self, request: Request, connection: Connection) -> None:
        inputs = read_inputs(request, self._inputs)
        prediction_id = self._predictor.new_id()
        as_events = EVENTS in request.headers.get("accept", "")
        reply = PredictionReply(connection, prediction_id, as_events=as_events)
        self._predictor.begin(request, prediction_id, inputs, reply)

    def _give_records(self, request: Request, connection: Connection) -> None:
        """For the platform alone, whose gateway lets nobody else through to it."""
        records, asked = self._records, parse_json(request.body)
        if records is None or not isinstance(asked, dict) or type(asked.get("stored")) is not int:
            raise Problem(400, "bad-request", "ask with an object: stored, keep_inputs")
        records.keep_inputs = bool(asked.get("keep_inputs"))
        connection.respond(200, messages.dump(records.fetch(asked["stored"])), messages.JSON)

    def _show_metrics(self, request: Request, connection: Connection) -> None:
        connection.respond(200, self._metrics.render(), TEXT, [("cache-control", "no-store")])

    def _data(self, request: Request, connection: Connection) -> None:
        pool = self._pool
        content = {
            **self._box.card,
            "repository": self._settings.repository,
            "version": self._settings.version,
            "box_version": VERSION,
            "signature": self._box.signature,
            "loaded": pool.ready_workers > 0,
            "load_seconds": pool.load_seconds,
            "notes": pool.notes,
        }
        connection.respond(200, messages.dump(content), messages.JSON)

    def _health(self, request: Request, connection: Connection) -> None:
        state, status = self._state()
        content: dict[str, Any] = {"state": state, "workers": self._pool.ready_workers}
        if self._pool.load_failure is not None:
            content["reason"] = self._pool.load_failure["reason"]
        if self._pool.load_seconds is not None:
            content["load_seconds"] = self._pool.load_seconds
        connection.respond(status, messages.dump(content), messages.JSON, [("cache-control", "no-store")])

    def _state(self) -> tuple[str, int]:
        if self._pool.ready_workers:
            return "ready", 200
        return ("loading" if self._pool.load_failure is None else "failed"), 503

    def _openapi(self, request: Request, connection: Connection) -> None:
        content = build_openapi(self._box.signature, self._box.card, self._settings.version)
        connection.respond(200, messages.dump(content), messages.JSON)


def _allowed(methods: dict[str, Handler]) -> list[str]:
    return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
