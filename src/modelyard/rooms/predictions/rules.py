"""What of a box's report is believed. A box is a stranger's code: it may say anything."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from modelyard.kit import db

DIGEST = re.compile(r"[0-9a-f]{64}")
LARGEST_TEXT = 1 << 16
LONGEST_S = 1e6
LARGEST_BYTES = 1 << 40


def read_report(report: Any, *, now: datetime, keep_inputs: bool) -> dict[str, Any] | None:
    """The columns of a row; None for what no box of ours would say."""
    if not isinstance(report, dict):
        return None
    id, status, digest = _id(report.get("id")), report.get("status"), report.get("digest")
    seconds, size = _number(report.get("seconds"), LONGEST_S), _number(report.get("bytes"), LARGEST_BYTES)
    if id is None or seconds is None or size is None or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        return None
    if not isinstance(status, int) or not 100 <= status <= 599:
        return None
    return {
        "id": id,
        "predicted_at": _time_of(id, now),
        "status": status,
        "seconds": seconds,
        "size": int(size),
        "input_digest": f"sha256:{digest}",
        "inputs": _text(report.get("inputs")) if keep_inputs else None,
        "output": _text(report.get("output")) if keep_inputs else None,
    }


def read_json(text: str | None) -> Any:
    """Kept JSON as a value; as text, where it is none."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _id(value: Any) -> UUID | None:
    try:
        id = UUID(value) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None
    return id if id is not None and id.version == 7 else None


def _time_of(id: UUID, now: datetime) -> datetime:
    """When the id was made (RFC 9562, 5.7), but never later than now."""
    return datetime.fromtimestamp(min((id.int >> 80) / 1000, now.timestamp()), UTC)


def _number(value: Any, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return float(value)


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or len(value.encode(errors="replace")) > LARGEST_TEXT:
        return None
    return db.storable_text(value)
