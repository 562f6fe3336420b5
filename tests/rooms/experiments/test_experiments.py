"""Experiments over HTTP: runs put together, compared, pinned, promoted."""

from pathlib import Path
from typing import Any

import pytest

from rooms.operations.desk import Desk, desk
from support import leavings, trainer
from support.server import Server
from support.waiting import until


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Desk:
    return desk(site, tmp_path, schema=trainer.SCHEMA, program=trainer.PROGRAM, kind="trainer")


def make(me: Desk, name: str = "rates") -> dict[str, Any]:
    return dict(me.http.post("/api/v1/experiments", json={"name": name}).raise_for_status().json())


def test_runs_are_compared(me: Desk) -> None:
    experiment = make(me)
    path = f"/experiments/{experiment['id']}"
    slow = me.run(parameters={"rate": 2}, experiment_id=experiment["id"], title="slow")
    fast = me.run(parameters={"rate": 0.5}, title="fast")
    assert fast["purpose"] == "training"
    me.http.put(f"/api/v1{path}/runs/{fast['id']}").raise_for_status()
    table = me.get(f"{path}/table")
    assert table["columns"] == ["parameters.rate", "parameters.steps", "metrics.loss"]
    assert [row["run"]["title"] for row in table["rows"]] == ["fast", "slow"]
    assert table["rows"][1]["metrics"]["loss"] == {
        "last": pytest.approx(2 / 3),
        "lowest": pytest.approx(2 / 3),
        "highest": 2,
    }
    curves = me.get(f"{path}/curves", metric="loss")
    assert {curve["title"]: [point["step"] for point in curve["points"]] for curve in curves} == {
        "slow": [0, 1, 2],
        "fast": [0, 1, 2],
    }
    changed = me.http.patch(f"/api/v1{path}", json={"pinned": fast["id"], "columns": ["metrics.loss"]}).json()
    assert (changed["pinned"], changed["columns"], changed["runs"]) == (fast["id"], ["metrics.loss"], 2)
    assert [row["is_pinned"] for row in me.get(f"{path}/table")["rows"]] == [True, False]
    me.http.delete(f"/api/v1{path}/runs/{fast['id']}").raise_for_status()
    assert me.get(path)["pinned"] is None
    refused = me.http.patch(f"/api/v1{path}", json={"pinned": fast["id"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_in_experiment")
    assert me.http.delete(f"/api/v1{path}").status_code == 204
    assert me.get(f"/runs/{slow['id']}")["experiment_id"] is None


def test_names_are_ones_own(me: Desk, site: Server) -> None:
    experiment = make(me)
    again = me.http.post("/api/v1/experiments", json={"name": "rates"})
    assert (again.status_code, again.json()["code"]) == (409, "experiment_exists")
    other = make(me, "others")
    renamed = me.http.patch(f"/api/v1/experiments/{other['id']}", json={"name": "rates"})
    assert renamed.status_code == 409
    assert [one["name"] for one in me.get("/experiments")["items"]] == ["others", "rates"]
    _, _, stranger = site.account()
    with site.client(stranger) as http:
        assert http.get(f"/api/v1/experiments/{experiment['id']}").status_code == 404
    refused = me.ask(experiment_id="01a1fd56-288a-738b-9efe-03ceb13da0bc")
    assert refused.json()["code"] == "experiment_missing"


def test_what_a_run_left_becomes_a_version_of_a_model(me: Desk) -> None:
    experiment = make(me)
    run = me.run(parameters={"rate": 4}, experiment_id=experiment["id"])
    path = f"/api/v1/experiments/{experiment['id']}/promotions"
    model = f"{me.username}/promoted"
    wrong = me.http.post(path, json={"run": run["id"], "paths": ["nothing.onnx"], "model": model})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "paths")
    one_by_one = ["model/modelyard.yaml", "model/constant.py", "model/"]  # the same files twice are no clash
    made = me.http.post(path, json={"run": run["id"], "paths": one_by_one, "model": model, "message": "best"})
    assert made.status_code == 202, made.text

    def ended() -> dict[str, Any] | None:
        version = me.get(f"/repos/{model}/versions/1")
        return version if version["state"] in ("ready", "failed") else None

    version = until(ended, seconds=180, what="the build")
    assert (version["state"], version["message"], version["target"]) == ("ready", "best", "constant:predict")


def test_two_files_of_one_name_make_no_version(me: Desk, site: Server) -> None:
    experiment = make(me)
    left = leavings.leave(site, me.username, {"a/model.onnx": b"one", "b/model.onnx": b"another"})
    me.http.put(f"/api/v1/experiments/{experiment['id']}/runs/{left}").raise_for_status()
    wanted = {"run": str(left), "paths": ["a/model.onnx", "b/"], "model": f"{me.username}/clash"}
    refused = me.http.post(f"/api/v1/experiments/{experiment['id']}/promotions", json=wanted)
    assert (refused.status_code, refused.json()["field"]) == (422, "paths")
    assert "model.onnx" in refused.json()["detail"]
    assert me.http.get(f"/api/v1/repos/{me.username}/clash").status_code == 404
