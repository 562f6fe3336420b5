"""Whatever begins an address of the site, no account can have its name: `/{owner}` would stand in its place."""

import re
from pathlib import Path

import pytest

from modelyard.apps import web
from modelyard.apps.server import create_api
from modelyard.kit.http import api_routes
from modelyard.rooms.accounts import rules
from modelyard.rooms.accounts.errors import UsernameRefused

WEB = Path(__file__).parents[2] / "web"
PAGE = re.compile(r'getParentRoute: \(\) => (?:root|site|own),\s+path: "/([^/"$]+)')


def of_routes() -> set[str]:
    routes = {route.path.split("/")[1] for route in api_routes(create_api())}
    return (
        {segment for segment in routes if "{" not in segment}
        | {"serve"}
        | {p.split("/")[0] for p in web.MACHINE_PREFIXES}
    )


def of_files() -> set[str]:
    """What the page is made of: as built, where it is, and as it will be."""
    built = {path.name for path in web.STATIC.iterdir()} if web.STATIC.is_dir() else set()
    return built | {path.name for path in (WEB / "public").iterdir()} | {"index.html", "assets"}


def of_pages() -> set[str]:
    return set(PAGE.findall((WEB / "src/app/router.tsx").read_text()))


@pytest.mark.parametrize(
    ("segments", "among"),
    [(of_routes(), "healthz"), (of_files(), "theme.js"), (of_pages(), "dashboard")],
    ids=["routes", "files", "pages"],
)
def test_what_begins_an_address_is_no_user_name(segments: set[str], among: str) -> None:
    assert among in segments
    free = {segment for segment in segments - {""} if _is_free(segment)}
    assert not free, f"reserve {sorted(free)} in rooms/accounts/rules.py"


def _is_free(name: str) -> bool:
    try:
        rules.check_username(name)
    except UsernameRefused:
        return False
    return True
