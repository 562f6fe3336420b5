"""Mallory, with an account like any other, asks for everything of Alice's, over every door and with every identifier
swapped: she is told of nothing, and nothing of it changes. Neither does anybody without an account."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fuzz.people import OF_ADMINISTRATORS
from support import databases, processes, session
from tenants.document import Asked, requests, unknown_names
from tenants.doors import DOORS, Door
from tenants.world import MARK, NAMES, World, make

PROFILES = {"get_organisation"}
"""What anybody may know: that there is an organisation of this name, as owners of public repositories show."""
LOSES_OWN = {"delete_repository", "transfer_repository"}
"""What Mallory may do to her own repositories, which are needed afterwards."""
NOT_ALICES = OF_ADMINISTRATORS | {"list_invitations", "list_tokens", "list_audit_events", "get_audit_csv"}
"""GETs that a token of hers is refused, or only without a filter."""


NEEDS_MORE = {
    "compare_runs",
    "read_preview",
    "read_dataset_preview",
    "list_items",
    "summarize_items",
    "compare_items",
    "download_item",
    "draw_item",
    "draw_sheet",
}
"""GETs that the requests here cannot reach, for a reason that says nothing of access: a comparison needs two, and the
dataset holds no images. None stays in the list that could be asked."""


@pytest.fixture(scope="module", params=databases.KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    folder = session.new_folder("w")
    yield make(folder, databases.create(request.param, folder))
    processes.stop_recorded(folder)


@pytest.fixture(scope="module")
def document(world: World) -> dict[str, Any]:
    return dict(world.alice.get("/api/openapi.json").json())


def test_every_identifier_that_an_operation_takes_is_swapped(world: World, document: dict[str, Any]) -> None:
    ids = _ids(world)
    assert unknown_names(document, ids) == set(), "say in tests/tenants whose they are"


def test_alice_is_answered(world: World, document: dict[str, Any]) -> None:
    """Else there would be nothing to refuse: all that reads answers her, and much of it tells the mark."""
    reached, told = set(), set()
    for asked in _all_requests(world, document, "alice"):
        if asked.method == "get":
            answer = _send(world.alice, asked)
            reached |= {asked.operation} if answer.is_success else set()
            told |= {asked.operation} if MARK in answer.text else set()
    reads = {asked.operation for asked in _all_requests(world, document, "alice") if asked.method == "get"}
    missed = reads - reached - NOT_ALICES
    assert missed == NEEDS_MORE, ", ".join(sorted(missed ^ NEEDS_MORE))
    assert len(told) >= 15, told


@pytest.mark.parametrize("who", ["mallory", "nobody"])
def test_over_rest_nothing_of_alices_is_there(world: World, document: dict[str, Any], who: str) -> None:
    before = world.state()
    with world.server.client("") as nobody:
        client = world.mallory if who == "mallory" else nobody
        for asked in _all_requests(world, document, "alice"):
            answer = _send(client, asked)
            what = f"{asked.method} {asked.path} {asked.query} {asked.body} → {answer.status_code} {answer.text[:300]}"
            assert MARK not in answer.text, what
            assert answer.status_code < 500, what
            if _is_below_alice(world, asked):
                assert answer.status_code in (401, 403, 404), what
    assert world.state() == before


def test_over_rest_nothing_of_alices_comes_through_what_is_mallorys(world: World, document: dict[str, Any]) -> None:
    before = world.state()
    for asked in _all_requests(world, document, "mallory"):
        answer = _send(world.mallory, asked)
        what = f"{asked.method} {asked.path} {asked.query} {asked.body} → {answer.status_code} {answer.text[:300]}"
        assert MARK not in answer.text, what
        assert answer.status_code < 500 or answer.status_code == 503, what
        if asked.names_foreign and asked.operation not in PROFILES:
            assert answer.status_code >= 400, what
    assert world.state() == before


@pytest.mark.parametrize("door", DOORS, ids=[door.name for door in DOORS])
def test_no_foreign_door_opens(world: World, door: Door) -> None:
    before = world.state()
    if door.opens:
        assert _knock(world, world.alice, door, "alice").status_code == door.opens, "the door is not where it was"
    with world.server.client("") as nobody, _with_password(world) as as_git_does:
        for client in (world.mallory, as_git_does, nobody):
            for name in NAMES:
                answer = _knock(world, client, door, "alice", name)
                assert answer.status_code in (401, 403, 404, 405), f"{name}: {answer.status_code} {answer.text[:300]}"
                assert MARK not in answer.text
    assert world.state() == before


@pytest.mark.parametrize("door", DOORS, ids=[door.name for door in DOORS])
def test_no_object_of_alices_comes_through_a_repository_of_mallorys(world: World, door: Door) -> None:
    if not world.mallory.get(f"/api/v1/repos/{world.names['mallory']}/adder").is_success:
        pytest.fail("Mallory's own repository is gone: run this file in its order")
    answer = _knock(world, world.mallory, door, "mallory")
    assert answer.status_code in door.through_own, f"{answer.status_code} {answer.text[:300]}"
    assert MARK not in answer.text
    if door.tells:
        assert door.tells.format(**_ids(world)) not in answer.text


def _ids(world: World) -> dict[str, str]:
    owner = world.names["alice"]
    return world.ids | {"dataset": f"{owner}/data", "model": f"{owner}/adder"}


def _all_requests(world: World, document: dict[str, Any], owner: str) -> Iterator[Asked]:
    for name in NAMES:
        for asked in requests(document, _ids(world), world.names[owner], name):
            if owner == "alice" or asked.operation not in LOSES_OWN:
                yield asked


def _is_below_alice(world: World, asked: Asked) -> bool:
    """Whether the path itself names something of hers; not merely the query, as a filter of a list does."""
    names = {value for name, value in world.ids.items() if name not in ("secret", "username", "token_id")}
    return asked.operation not in PROFILES and any(value in asked.path.split("/") for value in names)


def _send(client: httpx.Client, asked: Asked) -> httpx.Response:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Upload-Length": "1"} if "/uploads" in asked.path else {}
    headers |= {"Content-Type": asked.media_type} if asked.media_type else {}
    content = asked.body if isinstance(asked.body, bytes) else None if asked.body is None else json.dumps(asked.body)
    return client.request(asked.method.upper(), asked.path, params=asked.query, headers=headers, content=content)


def _knock(world: World, client: httpx.Client, door: Door, owner: str, name: str = "adder") -> httpx.Response:
    ids = _ids(world)
    body = json.dumps(door.body) if isinstance(door.body, dict) else door.body
    body = body.replace("{oid}", ids["oid"]).encode() if isinstance(body, str) else body
    path = door.path.format(**ids, repo=f"{world.names[owner]}/{name}")
    return client.request(door.method, path, content=body, headers=door.headers)


def _with_password(world: World) -> httpx.Client:
    """As Git and Docker show a token."""
    token = world.mallory.headers["Authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"{world.names['mallory']}:{token}".encode()).decode()
    return httpx.Client(base_url=world.server.url, headers={"Authorization": f"Basic {basic}"}, timeout=120)
