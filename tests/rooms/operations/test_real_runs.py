"""Runs of an operation by a real server and a real engine: from the order to what it left."""

from pathlib import Path
from typing import Any

import httpx

from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client
from support import operations, server
from support.waiting import until


def test_an_operation_runs_over_what_another_run_left(tmp_path: Path) -> None:
    site = server.shared()
    _, _, token = site.account(Role.CREATOR)
    address = operations.add_operation(site, token, name="weigh")
    (tmp_path / "a.txt").write_text("seven b")
    with Client(site.url, token=token) as sender:
        upload = sender.upload(tmp_path / "a.txt")
    with site.client(token) as client:
        first = _run(client, address, inputs={"data": {"uploads": [{"upload": upload}]}}, parameters={"word": "moin"})
        assert (first["state"], first["result"]) == ("succeeded", {"steps": 3, "word": "moin"}), first["reason"]
        assert _output(client, first, "sizes.csv") == "input,bytes\ndata,7\n"
        assert client.get(f"/api/v1/runs/{first['id']}/metrics").json()[0]["last"] == 1 / 3
        source = {"run": first["id"], "path": "sizes.csv"}
        second = _run(client, address, inputs={"data": source, "table": source}, parameters={"exit": 3})
        assert (second["state"], second["exit_code"]) == ("failed", 3)
        assert _output(client, second, "sizes.csv") == "input,bytes\ndata,19\ntable,19\n"


def _run(client: httpx.Client, address: str, **wanted: Any) -> dict[str, Any]:
    """The run at its end."""
    answer = client.post(f"/api/v1/repos/{address}/runs", json=wanted)
    assert answer.status_code == 202, answer.text
    place = f"/api/v1/runs/{answer.json()['id']}"
    found: dict[str, Any] = until(
        lambda: run if (run := client.get(place).json())["ended_at"] else None, seconds=120, what="the run's end"
    )
    return found


def _output(client: httpx.Client, run: dict[str, Any], path: str) -> str:
    return client.get(f"/api/v1/runs/{run['id']}/outputs/{path}").text
