"""Server-sent events (HTML standard, section 9.2) that resume where the connection broke."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from modelyard_client.errors import ServerFailed, Unreachable
from modelyard_client.transport import PAUSES_S, Transport

QUIET_FOR_S = 120.0


@dataclass(frozen=True, slots=True)
class Event:
    """``name`` is what happened; ``id`` is empty where the server gave none."""

    name: str
    data: Any
    id: str


def follow(transport: Transport, path: str, *, until: str = "end") -> Iterator[Event]:
    """Yields events up to the one named ``until``, which is yielded too.

    A broken connection is made again with ``Last-Event-ID``; an event is yielded once. Raises ``Unreachable`` when the
    server stays away, and at once what it says is wrong with the request.
    """
    last, failures = "", 0
    while True:
        try:
            for event in _read(transport, path, last):
                last, failures = event.id or last, 0
                yield event
                if event.name == until:
                    return
        except (Unreachable, ServerFailed):
            if failures >= len(PAUSES_S):
                raise
        transport.pause(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
        failures += 1


def _read(transport: Transport, path: str, last: str) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    timeout = httpx.Timeout(10.0, read=QUIET_FOR_S)
    with transport.stream("GET", path, headers=headers, timeout=timeout) as response:
        yield from parse(response.iter_lines())


def parse(lines: Iterator[str]) -> Iterator[Event]:
    """Events from the lines of a stream; an unfinished one at the end is dropped, as the standard says."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield _event(fields)
            fields = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        fields[name] = f"{fields['data']}\n{value}" if name == "data" and "data" in fields else value


def _event(fields: dict[str, str]) -> Event:
    text = fields["data"]
    try:
        data: Any = json.loads(text)
    except ValueError:
        data = text
    return Event(fields.get("event", "message"), data, fields.get("id", ""))
