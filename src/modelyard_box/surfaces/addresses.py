"""Addresses with places in them: ``/predictions/{id}``; ``{name...}`` may hold slashes, too."""

import re
from typing import Any

from modelyard_box.requests import Request

_PLACE = re.compile(r"\{(\w+)(\.\.\.)?\}")


class Addresses:
    """Of a table of routes those with places, tried in the table's order."""

    def __init__(self, table: dict[str, dict[str, Any]]) -> None:
        self._patterns = [(_compile(address), address, methods) for address, methods in table.items() if "{" in address]

    def find(self, request: Request) -> dict[str, Any] | None:
        """The methods at the request's path, None when there is nothing. Sets its route and parameters."""
        for pattern, address, methods in self._patterns:
            if found := pattern.fullmatch(request.path):
                request.route = address
                request.parameters = found.groupdict()
                return methods
        return None


def _compile(address: str) -> re.Pattern[str]:
    parts, end = [], 0
    for place in _PLACE.finditer(address):
        parts += [re.escape(address[end : place.start()]), f"(?P<{place[1]}>{'.+' if place[2] else '[^/]+'})"]
        end = place.end()
    return re.compile("".join([*parts, re.escape(address[end:])]))
