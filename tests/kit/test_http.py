"""Problem responses and the request's transaction."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from modelyard.kit.db import Base, Database
from modelyard.kit.errors import Conflict, Invalid, TooManyRequests
from modelyard.kit.http import Reading, Writing, install_problem_handlers, policy, provide
from modelyard.rooms.accounts.tables import SiteSettingRow


class Body(BaseModel):
    name: str
    count: int


@policy("everybody")
def everybody() -> None: ...


@pytest.fixture
def database(tmp_path: Path) -> Any:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def client(database: Database) -> TestClient:
    app = FastAPI(dependencies=[Depends(everybody)])
    install_problem_handlers(app)
    provide(app, Database, database)

    @app.post("/body")
    def body(body: Body) -> Body:
        return body

    @app.get("/conflict")
    def conflict() -> None:
        raise Conflict("It is so.", remedy="Do that.", field="name")

    @app.get("/slow-down")
    def slow_down() -> None:
        raise TooManyRequests("Too fast.", retry_after=7)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a secret of the inside")

    @app.post("/write")
    def write(session: Writing, *, fail: bool = False) -> dict[str, bool]:
        session.execute(sa.text("INSERT INTO site_settings VALUES ('a', '{}', '2026-01-01 00:00:00')"))
        if fail:
            raise Invalid("No.")
        return {"written": True}

    @app.get("/count")
    def count(session: Reading) -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(SiteSettingRow)) or 0

    return TestClient(app)  # raises what reaches the server itself, which would close the connection


def test_a_known_error_is_a_problem(client: TestClient) -> None:
    answer = client.get("/conflict")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "conflict"
    assert problem["detail"] == "It is so."
    assert problem["remedy"] == "Do that."
    assert problem["errors"] == [{"field": "name", "detail": "It is so."}]


def test_a_rate_limit_says_when(client: TestClient) -> None:
    answer = client.get("/slow-down")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_invalid_input_names_every_field(client: TestClient) -> None:
    problem = client.post("/body", json={"count": "many"}).json()
    assert problem["status"] == 422
    assert {error["field"] for error in problem["errors"]} == {"name", "count"}


@pytest.mark.parametrize("body", ["{", "[1,2", "\x00", '{"name": NaN}'])
def test_what_is_not_json_is_a_problem(client: TestClient, body: str) -> None:
    answer = client.post("/body", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


def test_an_unexpected_error_tells_nothing_of_the_inside(client: TestClient) -> None:
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/body", 405)])
def test_unknown_addresses_and_methods_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_write_is_committed_before_the_answer_and_undone_by_an_error(client: TestClient) -> None:
    assert client.post("/write", params={"fail": True}).status_code == 422
    assert client.get("/count").json() == 0
    assert client.post("/write").status_code == 200
    assert client.get("/count").json() == 1


def test_a_write_that_collides_is_not_a_success(client: TestClient) -> None:
    client.post("/write")
    assert client.post("/write").status_code == 500
    assert client.get("/count").json() == 1
