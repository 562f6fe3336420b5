"""The whole OpenAPI document against a real server on both databases: whatever is sent, the answer is one that the
document names, never a 5xx; and enough of it is accepted that the routes themselves are reached."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from faults import adder
from modelyard.apps.server import create_api
from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client
from support import databases, processes, server, session
from support.server import Server

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 300 if os.environ.get("MODELYARD_SOAK") == "1" else 8
ACCEPTED_AT_LEAST = 0.3
METHODS = ("get", "put", "post", "patch", "delete", "options", "head")
OPERATIONS = [
    (f"{method.upper()} {path}", operation["operationId"])
    for path, item in create_api().openapi()["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
OF_ADMINISTRATORS = {"list_accounts", "create_account", "change_account", "reset_password", "change_site", "diagnose"}


@dataclass
class Fuzzed:
    """A server, its document, and things that really are there."""

    server: Server
    document: BaseSchema
    token: str
    owner: str
    password: str
    victim: str
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    cookies: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def real(self, operation: str) -> dict[str, Any]:
        """Parameters that stand for things that exist; what the operation may destroy is made anew each time."""
        found: dict[str, Any] = {"owner": self.owner, "name": "adder", "number": 1, "alias": "production"}
        match operation:
            case "delete_repository" | "change_repository":
                found["name"] = self._new_repository()
            case "change_account" | "reset_password":
                found["username"] = self.victim
            case "revoke_token":
                with self.signed_in() as person:
                    wanted = {"name": "short", "scopes": ["read"]}
                    found["token_id"] = person.post(f"{self.api}/account/tokens", json=wanted).json()["id"]
            case "delete_invitation":
                made = self.server.client().post("/api/v1/invitations", json={"role": "reader", "expires_in_days": 1})
                found["invitation_id"] = made.json()["id"]
            case "upload_standing" | "append_to_upload" | "end_upload":
                found["upload_id"] = self.new_upload(b"", length=100)
        return found

    def new_upload(self, content: bytes, *, length: int | None = None) -> str:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length or len(content))}
        if content:
            headers["Content-Type"] = "application/offset+octet-stream"
        with self.server.client(self.token) as client:
            answer = client.post("/api/v1/uploads", headers=headers, content=content)
        return answer.headers["Location"].rpartition("/")[2]

    def sender(self, label: str, operation_id: str) -> requests.Session:
        """Somebody who may do it: an administrator, the owner with a token, or the owner in a browser."""
        if "/account" in label and "/accounts" not in label:
            return self.signed_in()
        administrator = operation_id in OF_ADMINISTRATORS or "/invitations" in label
        connection = requests.Session()
        connection.headers["Authorization"] = f"Bearer {self.server.token if administrator else self.token}"
        return connection

    def signed_in(self) -> requests.Session:
        """Signed in once: sign-in is itself fuzzed, until it is rate-limited."""
        connection = requests.Session()
        connection.headers["Origin"] = self.server.url.replace("127.0.0.1", "localhost")
        if not self.cookies:
            credentials = {"username": self.owner, "password": self.password}
            connection.post(f"{self.api}/session", json=credentials).raise_for_status()
            self.cookies = connection.cookies.get_dict()
        connection.cookies.update(self.cookies)
        return connection

    @property
    def api(self) -> str:
        return f"{self.server.url}/api/v1"

    def _new_repository(self) -> str:
        self.made += 1
        name = f"short-{self.made}"
        with self.server.client(self.token) as client:
            client.post("/api/v1/repos", json={"name": name, "kind": "model"}).raise_for_status()
        return name


@schemathesis.serializer("application/offset+octet-stream")
def serialize_bytes(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture(scope="module", params=databases.KINDS)
def fuzzed(request: pytest.FixtureRequest) -> Iterator[Fuzzed]:
    """A server of its own (what is sent changes the site), with a repository that has a version and is deployed."""
    folder = session.new_folder("z")
    running = server.start(folder, databases.create(request.param, folder))
    username, password, token = running.account()
    victim, _, _ = running.account(Role.READER)
    with Client(running.url, token=token) as creator:
        version = adder.push(creator, f"{username}/adder")
        assert adder.follow(creator, f"{username}/adder", version["number"])["state"] == "ready"
        creator.deploy(f"{username}/adder", version=1)
    document = schemathesis.openapi.from_url(f"{running.url}/api/openapi.json")
    document.config.update(base_url=running.url)
    prepared = Fuzzed(running, document, token, username, password, victim)
    prepared.signed_in().close()
    yield prepared
    processes.stop_recorded(folder)


@pytest.mark.soak
@pytest.mark.parametrize(("label", "operation_id"), OPERATIONS, ids=[name for _, name in OPERATIONS])
def test_operation_answers_as_documented(fuzzed: Fuzzed, label: str, operation_id: str) -> None:
    operation = fuzzed.document.find_operation_by_label(label)
    assert operation is not None

    with fuzzed.sender(label, operation_id) as connection:

        @given(case=_cases(operation), real=st.sampled_from([True, True, True, False]))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES < 100,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Case, real: bool) -> None:
            if real:
                _make_real(fuzzed, case, operation_id)
            _keep_gentle(case)
            response = case.call(session=connection, timeout=60)
            fuzzed.statuses[operation_id, response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        send()


@pytest.mark.soak
def test_enough_was_accepted(fuzzed: Fuzzed, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts what the test above sent to this server; without it there is nothing to count."""
    total = fuzzed.statuses.total()
    if total == 0:
        pytest.fail("run the whole file: this test counts what the others sent")
    accepted = sum(count for (_, status), count in fuzzed.statuses.items() if 200 <= status < 300)
    never = sorted({name for _, name in OPERATIONS} - {name for name, status in fuzzed.statuses if status < 300})
    with capsys.disabled():
        kinds = Counter({status: 0 for _, status in fuzzed.statuses})
        for (_, status), count in fuzzed.statuses.items():
            kinds[status] += count
        print(f"\n{total} requests, {accepted / total:.0%} accepted; {dict(sorted(kinds.items()))}")
        print(f"operations without a 2xx: {', '.join(never) or 'none'}")
    assert accepted / total >= ACCEPTED_AT_LEAST


def _cases(operation: APIOperation) -> st.SearchStrategy[Case]:
    """Mostly what the document allows, and what it forbids where it says anything that can be broken."""
    allowed = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.path_parameters or operation.query or operation.body):
        return allowed
    forbidden = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return st.sampled_from([allowed, allowed, forbidden]).flatmap(lambda chosen: chosen)


def _make_real(fuzzed: Fuzzed, case: Case, operation_id: str) -> None:
    for name, value in fuzzed.real(operation_id).items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value
    if case.headers is not None and "Tus-Resumable" in case.headers:
        case.headers["Tus-Resumable"] = "1.0.0"
    if operation_id == "create_upload" and case.headers is not None:
        case.headers["Upload-Length"] = str(len(serialize_bytes(None, case.body)) if case.body else 0)
        case.headers["Content-Type"] = "application/offset+octet-stream"
        case.headers.pop("Upload-Checksum", None)
    if operation_id == "append_to_upload" and case.headers is not None:
        case.headers["Upload-Offset"] = "0"
    if operation_id == "read_file":
        case.query = {"path": "adder.py", "revision": "v1"}
    body = case.body
    if not isinstance(body, dict):
        return
    if operation_id == "sign_in":
        body |= {"username": fuzzed.owner, "password": fuzzed.password}
    if operation_id in ("deploy", "set_alias") and isinstance(body.get("version"), int):
        body["version"] = 1
    if operation_id == "push_version" and "archive" in body:
        body |= {"archive": fuzzed.new_upload(adder.archive()), "platforms": []}
        body.pop("parts", None)
    if operation_id == "create_repository" and "owner" in body:
        body["owner"] = fuzzed.owner


def _keep_gentle(case: Case) -> None:
    """No boxes are started for what is only fuzzed."""
    if isinstance(case.body, dict) and case.body.get("keep_warm"):
        case.body["keep_warm"] = False
