"""Every live route against five principals: anonymous, stranger, reader, owner, administrator."""

import secrets

import httpx
import pytest
from fastapi.routing import APIRoute

from modelyard.apps.server import create_api
from modelyard.kit.http import api_routes, declared_policies, policy
from modelyard.rooms.accounts.schemas import Role
from support.server import Server

# HEAD is answered by the function of GET, and without a body that would say why.
_ALL = api_routes(create_api())
_GETS = {route.path for route in _ALL if "GET" in (route.methods or ())}
ROUTES = [
    (method, route)
    for route in _ALL
    for method in sorted(route.methods or ())
    if method != "HEAD" or route.path not in _GETS
]

# Who gets past a policy, on a private repository (where the route is below one). A caller who does not is answered
# 401, 403, or 404 as if the repository were absent.
PRINCIPALS = ("anonymous", "stranger", "reader", "owner", "administrator")
EVERYBODY = set(PRINCIPALS)
SIGNED_IN = EVERYBODY - {"anonymous"}
ALLOWED = {
    "public": EVERYBODY,
    "from this site": EVERYBODY,
    "anyone": EVERYBODY,
    "reader": EVERYBODY,
    "writer": EVERYBODY,
    "signed in": SIGNED_IN,
    "creator": SIGNED_IN - {"reader"},
    "administrator": {"administrator"},
    "repository reader": {"owner", "administrator"},
    "repository fetcher": {"owner", "administrator"},
    "repository owner": {"owner", "administrator"},
    "repository maintainer": {"owner", "administrator"},
    "repository contributor": {"owner", "administrator"},
    "repository member": {"owner", "administrator"},
    "repository pusher": {"owner", "administrator"},
    "organisation member": {"owner", "administrator"},
    "organisation owner": {"owner", "administrator"},
    "run owner": SIGNED_IN,  # there is no such run, which they are told
    "registry pusher": {"owner", "administrator"},
    "in person": set(),  # these calls carry tokens; only a session gets past
}
PLACEHOLDERS = {
    "number": "1",
    "row": "1",
    "alias": "production",
    "username": "nobody-there",
    "token_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "invitation_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "feedback_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "reply_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "upload_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "experiment_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "run_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "prediction_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "reference": "latest",
    "credential_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
    "digest": "sha256:" + "0" * 64,
    "oid": "0" * 64,
    "lock": "1",
    "rest": "main",
    "path": "explore",
    "branch": "work",
    "revision": "main",
    "repository_id": "01a1fd56-288a-738b-9efe-03ceb13da0bc",
}
HEADERS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}  # what uploads ask of every client before anything else
TURNED_AWAY = {
    "sign_in_required",
    "basic_sign_in_required",
    "registry_sign_in",
    "role_missing",
    "scope_missing",
    "session_required",
    "not_owner",
    "repository_missing",
}


@pytest.fixture(scope="module")
def callers(site: Server) -> dict[str, httpx.Client]:
    tokens = {
        "anonymous": "",
        "stranger": site.account(Role.CREATOR)[2],
        "reader": site.account(Role.READER)[2],
        "administrator": site.token,
    }
    _, _, tokens["owner"] = site.account(Role.CREATOR)
    return {name: site.client(token) for name, token in tokens.items()}


def make_repository(owner: httpx.Client, visibility: str, *, below: str) -> dict[str, str]:
    """``below``: the address of the route, which may be for one kind of repositories only."""
    name, kind = f"r{secrets.token_hex(4)}", "dataset" if "/datasets/{owner}" in below else "model"
    made = owner.post("/api/v1/repos", json={"name": name, "visibility": visibility, "kind": kind})
    assert made.status_code == 201, made.text
    return {"owner": made.json()["owner"], "name": name}


def make_organisation(owner: httpx.Client) -> str:
    made = owner.post("/api/v1/organisations", json={"username": f"o{secrets.token_hex(4)}"})
    assert made.status_code == 201, made.text
    return str(made.json()["username"])


def expected(route: APIRoute, visibility: str) -> set[str]:
    allowed = set(EVERYBODY)
    for name in declared_policies(route):
        allowed &= _allowed(name, visibility)
    return allowed


def _allowed(name: str, visibility: str) -> set[str]:
    if name in ("repository reader", "repository fetcher") and visibility != "private":
        return EVERYBODY if visibility == "public" else SIGNED_IN
    return ALLOWED[name]


@pytest.mark.parametrize("visibility", ["private", "internal", "public"])
@pytest.mark.parametrize(("method", "route"), ROUTES, ids=[f"{m} {r.path}" for m, r in ROUTES])
def test_only_those_whom_the_policy_names_get_past_it(
    method: str, route: APIRoute, visibility: str, callers: dict[str, httpx.Client]
) -> None:
    below, of_organisation = "{owner}" in route.path, "{organisation}" in route.path
    if not below and visibility != "private":
        return  # nothing in it depends on a repository
    shared = make_repository(callers["owner"], visibility, below=route.path) if below else {}
    past = set()
    for who in PRINCIPALS:
        address = (
            make_repository(callers["owner"], visibility, below=route.path) if below and method == "DELETE" else shared
        )
        places = PLACEHOLDERS | ({"organisation": make_organisation(callers["owner"])} if of_organisation else {})
        path = route.path_format.format(**address, **places)
        if _gets_past(callers[who], method, f"{path}?service=git-upload-pack" if path.endswith("/refs") else path):
            past.add(who)
    wanted = expected(route, visibility)
    if route.path == "/v2/":  # a registry asks everybody without a token for one
        wanted = wanted - {"anonymous"}
    assert past == wanted


def _gets_past(client: httpx.Client, method: str, path: str) -> bool:
    """Whether the policy let the call through; what the route then said of an empty request does not matter."""
    media_type = "application/offset+octet-stream" if "/uploads" in path else "application/json"
    with client.stream(method, path, headers=HEADERS | {"Content-Type": media_type}) as response:
        if response.status_code not in (401, 403, 404):
            return True
        body = response.read()
    if response.headers.get("content-type", "").startswith("text/plain"):
        return False  # Git is told in words
    if method == "HEAD":
        return response.status_code == 404  # uploads: absent for all who may ask
    document = httpx.Response(200, content=body).json()
    if "errors" in document and "code" not in document:  # the registry's form
        return response.status_code == 404 and document["errors"][0]["code"] != "NAME_UNKNOWN"
    return document["code"] not in TURNED_AWAY


def test_every_policy_that_routes_name_has_an_expectation() -> None:
    named = {name for _, route in ROUTES for name in declared_policies(route)}
    assert named <= set(ALLOWED)
    assert len(ROUTES) > 50


def test_a_route_without_a_policy_stops_the_start() -> None:
    from modelyard.kit.http import check_policies

    app = create_api()
    app.add_api_route("/bare", lambda: None, methods=["GET"])
    with pytest.raises(RuntimeError, match=r"without a declared policy: \['GET'\] /bare"):
        check_policies(app)


def test_a_policy_keeps_its_name() -> None:
    @policy("somebody")
    def somebody() -> None: ...

    assert somebody.__policy__ == "somebody"  # type: ignore[attr-defined]
