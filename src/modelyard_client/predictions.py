"""What a model answered to a call."""

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answered. ``cold_start`` is how many seconds the call waited for a start, None for none."""

    output: Any
    id: str | None
    version: str | None
    cold_start: float | None
    body: Any


def read_prediction(response: httpx.Response) -> Prediction:
    """From a whole answer; what was streamed becomes a list."""
    body: Any
    if response.headers.get("content-type", "").startswith(("application/jsonl", "application/x-ndjson")):
        body = [_decoded(line) for line in response.text.splitlines() if line]
        output = body
    else:
        body = _decoded(response.text)
        output = body["output"] if isinstance(body, dict) and "output" in body else body
    headers = response.headers
    waited = headers.get("x-modelyard-cold-start")
    return Prediction(
        output,
        headers.get("x-prediction-id"),
        headers.get("x-modelyard-version"),
        float(waited) if waited else None,
        body,
    )


def _decoded(text: str) -> Any:
    try:
        return httpx.Response(200, text=text).json()
    except ValueError:
        return text
