"""The whole OpenAPI document against a real server on both databases: whatever is sent, the answer is one that the
document names, never a 5xx; and every operation is reached: each accepts some of what it is sent."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
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

from fuzz.prepared import Fuzzed, prepare
from modelyard.apps.server import create_api
from support import databases, processes, session

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


@schemathesis.serializer("application/offset+octet-stream")
def serialize_bytes(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture(scope="module", params=databases.KINDS)
def fuzzed(request: pytest.FixtureRequest) -> Iterator[Fuzzed]:
    folder = session.new_folder("z")
    yield prepare(folder, databases.create(request.param, folder), _document)
    processes.stop_recorded(folder)


@pytest.mark.soak
@pytest.mark.parametrize(("label", "operation_id"), OPERATIONS, ids=[name for _, name in OPERATIONS])
def test_operation_answers_as_documented(fuzzed: Fuzzed, label: str, operation_id: str) -> None:
    operation = fuzzed.document.find_operation_by_label(label)
    assert operation is not None

    with fuzzed.people.sender(label, operation_id) as connection:

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
                fuzzed.make_real(case, operation_id)
            _keep_gentle(case)
            connection.headers["X-Forwarded-For"] = fuzzed.people.next_address()
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
    assert never == []
    assert accepted / total >= ACCEPTED_AT_LEAST


def _cases(operation: APIOperation) -> st.SearchStrategy[Case]:
    """Mostly what the document allows, and what it forbids where it says anything that can be broken."""
    allowed = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.path_parameters or operation.query or operation.body):
        return allowed
    forbidden = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return st.sampled_from([allowed, allowed, forbidden]).flatmap(lambda chosen: chosen)


def _document(url: str) -> BaseSchema:
    document = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    document.config.update(base_url=url)
    return document


def _keep_gentle(case: Case) -> None:
    """No boxes are started for what is only fuzzed."""
    if isinstance(case.body, dict) and case.body.get("keep_warm"):
        case.body["keep_warm"] = False
