"""Experiments by the client, the whole way against the real server."""

from collections.abc import Iterator

import httpx
import pytest

from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client, Missing, Refused
from support import server, trainer


@pytest.fixture
def token() -> str:
    """A new creator's."""
    return server.shared().account(Role.CREATOR)[2]


@pytest.fixture
def client(token: str) -> Iterator[Client]:
    with Client(server.shared().url, token=token) as client:
        yield client


def test_experiments_from_python(client: Client, token: str) -> None:
    address = trainer.add_trainer(server.shared(), token)
    made = client.experiments.create("rates", description="How fast?")
    slow = client.run(address, parameters={"rate": 2}, title="slow", experiment_id=made["id"], wait=True)
    fast = client.run(address, parameters={"rate": 0.5}, title="fast", wait=True)
    with pytest.raises(Missing, match="in no experiment"):
        client.experiments.promote(fast["id"], ["model/"], "anybody/model")
    client.experiments.put_run(made["id"], fast["id"])
    client.experiments.change(made["id"], pinned=fast["id"], columns=["metrics.loss"])

    found = client.experiments.find("rates")
    assert found is not None
    assert (found["id"], found["runs"], found["pinned"]) == (made["id"], 2, fast["id"])
    rows = client.experiments.compare(made["id"])["rows"]
    assert [(row["run"]["title"], row["is_pinned"]) for row in rows] == [("fast", True), ("slow", False)]
    curves = client.experiments.read_curves(made["id"], "loss")
    assert {curve["title"]: len(curve["points"]) for curve in curves} == {"slow": 3, "fast": 3}

    with pytest.raises(Refused) as e:
        client.experiments.promote(fast["id"], ["nowhere"], address)
    assert e.value.field == "paths"
    client.experiments.take_run(made["id"], slow["id"])
    assert client.experiments.get(made["id"])["runs"] == 1
    client.experiments.delete(made["id"])
    assert client.experiments.find("rates") is None


def test_lists_are_fetched_as_far_as_they_are_wanted() -> None:
    asked: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        limit, cursor = request.url.params["limit"], request.url.params.get("cursor")
        asked.append((limit, cursor))
        start = int(cursor or 0)
        items = [{"name": str(n)} for n in range(start, start + int(limit))]
        return httpx.Response(200, json={"items": items, "next_cursor": str(start + int(limit))})

    client = Client("http://s", http=httpx.MockTransport(answer))
    assert [one["name"] for one in client.experiments.list_newest(limit=3)] == ["0", "1", "2"]
    assert asked == [("3", None)]
    assert len(client.experiments.list_newest(limit=450)) == 450
    assert asked[1:] == [("200", None), ("200", "200"), ("200", "400")]
    found = client.experiments.find("201")
    assert found is not None
    assert len(asked) == 6
