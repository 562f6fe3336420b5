"""Asking for runs over HTTP: forms, parameters, inputs from everywhere, doing it again, keeping what came out."""

from pathlib import Path
from typing import Any

import pytest

from rooms.operations.desk import Desk, desk
from support.server import Server
from support.waiting import until


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Desk:
    return desk(site, tmp_path)


def test_the_form_has_inputs_and_parameters(me: Desk) -> None:
    form = me.get(f"/repos/{me.address}/versions/1/form")
    assert [(one["name"], one["kind"], one["title"]) for one in form["inputs"]] == [
        ("data", "files", "Data"),
        ("table", "table", "table"),
    ]
    assert list(form["parameters"]["properties"]) == ["steps", "word", "shape", "random"]
    assert form["parameters"]["additionalProperties"] is False
    assert form["purpose"] == "operation"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"parameters": {"steps": "many"}}, "parameters.steps"),
        ({"parameters": {"steps": 51}}, "parameters.steps"),
        ({"parameters": {"stepz": 5}}, "parameters.stepz"),
        ({"parameters": {"word": "c"}}, "parameters.word"),
        ({"parameters": {"shape": {}}}, "parameters.shape.width"),
        ({"parameters": {"shape": {"width": []}}}, "parameters.shape.width"),
        ({"inputs": {"nothing": {"dataset": "a/b"}}}, "inputs.nothing"),
        ({"inputs": {"data": {"dataset": "nobody/nothing"}}}, "inputs.data"),
        ({"inputs": {"data": {"uploads": [{"upload": "01a1fd56-288a-738b-9efe-03ceb13da0bc"}]}}}, "inputs.data"),
        ({"inputs": {"data": {"run": "01a1fd56-288a-738b-9efe-03ceb13da0bc"}}}, "inputs.data"),
        ({"inputs": {"data": {}}}, "inputs.data"),
        ({"resources": {"cpus": 4000}}, "resources.cpus"),
        ({"resources": {"cpus": 900}}, "resources.cpus"),
        ({"resources": {"gpus": 3}}, "resources.gpus"),
        ({"labels": ["tpu"]}, "labels"),
        ({"version": 7}, None),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_before_anything_starts(
    me: Desk, body: dict[str, Any], field: str | None
) -> None:
    response = me.ask(**body)
    assert response.status_code in (404, 422), response.text
    assert response.json().get("field") == field
    assert response.json()["remedy"]
    assert me.get("/runs")["items"] == []


def test_inputs_come_from_datasets_uploads_and_other_runs(me: Desk, tmp_path: Path) -> None:
    number = me.shelf.ready(me.shelf.push({"train/a.csv": b"1,2\n", "train/b.csv": b"3\n", "c.txt": b"x" * 2_000_000}))
    dataset = f"{me.username}/{me.shelf.name}"
    first = me.run(inputs={"data": {"dataset": dataset}})
    assert me.output(first["id"], "names.txt").decode().splitlines() == [
        "/in/data/c.txt 2000000",
        "/in/data/train/a.csv 4",
        "/in/data/train/b.csv 2",
    ]
    assert first["inputs"][0]["source"] == f"{dataset}@v{number}"
    part = me.run(
        inputs={
            "data": {"dataset": f"{dataset}@v1", "path": "train/"},
            "table": {"dataset": dataset, "path": "train/a.csv"},
        }
    )
    assert me.output(part["id"], "names.txt").decode().splitlines() == [
        "/in/data/a.csv 4",
        "/in/data/b.csv 2",
        "/in/table/a.csv 4",
    ]
    upload = me.upload("t.csv", b"5,6\n", tmp_path)
    other = me.run(
        inputs={"table": {"uploads": [{"upload": upload}]}, "data": {"run": first["id"], "path": "names.txt"}}
    )
    assert me.output(other["id"], "names.txt").decode().splitlines()[1:] == ["/in/table/t.csv 4"]
    refused = me.ask(inputs={"table": {"dataset": dataset}})
    assert (refused.status_code, refused.json()["field"]) == (422, "inputs.table")
    assert "3 files" in refused.json()["detail"]


def test_what_the_container_is_told(site: Server, tmp_path: Path) -> None:
    me = desk(site, tmp_path, options=True)
    upload = me.upload("t.csv", b"1\n", tmp_path)
    run = me.run(
        parameters={"steps": 2, "random": True, "shape": {"width": 1.5}},
        inputs={"table": {"uploads": [{"upload": upload}]}},
    )
    log = me.http.get(f"/api/v1/runs/{run['id']}/log").text.splitlines()
    assert log[0] == str(
        ["--steps", "2", "--random", "--shape", '{"width": 1.5}', "--word", "a", "--table", "/in/table/t.csv"]
    )
    assert "'MODELYARD_PARAM_STEPS': '2'" in log[1]
    assert "'MODELYARD_PARAM_RANDOM': 'true'" in log[1]
    assert "'MODELYARD_INPUT_TABLE': '/in/table/t.csv'" in log[1]


def test_a_run_is_its_owners_alone(me: Desk, site: Server) -> None:
    run = me.run()
    _, _, stranger = site.account()
    with site.client(stranger) as http:
        for path in ("", "/log", "/outputs", "/outputs/names.txt", "/metrics", "/events", "/order"):
            assert http.get(f"/api/v1/runs/{run['id']}{path}").json()["code"] == "run_missing"
        assert http.post(f"/api/v1/runs/{run['id']}/cancel").status_code == 404
        assert http.delete(f"/api/v1/runs/{run['id']}").status_code == 404
    with site.client() as http:
        assert http.get(f"/api/v1/runs/{run['id']}").status_code == 200
        assert run["id"] in [one["id"] for one in http.get("/api/v1/all-runs").json()["items"]]
        of_it = http.get("/api/v1/all-runs", params={"repository": me.address, "state": "succeeded"}).json()["items"]
        assert [one["id"] for one in of_it] == [run["id"]]
        missing = http.get("/api/v1/all-runs", params={"repository": "nobody/nothing"})
        assert (missing.status_code, missing.json()["code"]) == (404, "repository_missing")


def test_doing_a_run_again_and_comparing(me: Desk) -> None:
    first = me.run(parameters={"steps": 4}, title="four")
    order = me.get(f"/runs/{first['id']}/order")
    assert (order["parameters"]["steps"], order["version"], order["title"]) == (4, 1, "four")
    again = me.http.post(f"/api/v1/runs/{first['id']}/reproduce").raise_for_status().json()
    assert me.ended(again["id"])["reproduces"] == first["id"]
    compared = me.get(f"/runs/{again['id']}/comparison")
    assert compared["identical"] is True
    assert {one["path"] for one in compared["outputs"]} == {"metrics.jsonl", "model.txt", "names.txt"}
    noisy = me.run(parameters={"random": True})
    other = me.http.post(f"/api/v1/runs/{noisy['id']}/reproduce").json()
    me.ended(other["id"])
    compared = me.get(f"/runs/{other['id']}/comparison")
    assert compared["identical"] is False
    assert [one["path"] for one in compared["outputs"] if not one["same"]] == ["random"]


def test_a_run_is_done_again_when_its_uploads_are_gone(me: Desk, tmp_path: Path) -> None:
    upload = me.upload("t.csv", b"7,8\n", tmp_path)
    first = me.run(inputs={"table": {"uploads": [{"upload": upload}]}})
    headers = {"Tus-Resumable": "1.0.0"}
    assert me.http.delete(f"/api/v1/uploads/{upload}", headers=headers).status_code == 204
    again = me.http.post(f"/api/v1/runs/{first['id']}/reproduce").raise_for_status().json()
    assert me.ended(again["id"])["state"] == "succeeded"
    assert me.get(f"/runs/{again['id']}/comparison")["identical"] is True


def test_a_run_is_asked_for_again_with_what_it_was_given(me: Desk, tmp_path: Path) -> None:
    me.shelf.ready(me.shelf.push({"a.csv": b"1\n"}))
    upload = me.upload("t.csv", b"7,8\n", tmp_path)
    given = {"table": {"uploads": [{"upload": upload}]}, "data": {"dataset": f"{me.username}/{me.shelf.name}"}}
    first = me.run(inputs=given)
    headers = {"Tus-Resumable": "1.0.0"}
    assert me.http.delete(f"/api/v1/uploads/{upload}", headers=headers).status_code == 204
    gone = me.ask(inputs=given).json()
    assert (gone["field"], gone["remedy"]) == ("inputs.table", "Choose it again.")

    order = me.get(f"/runs/{first['id']}/order")
    assert (order["inputs"]["table"]["run"], order["inputs"]["table"]["input"]) == (first["id"], "table")
    second = me.run(inputs=order["inputs"], parameters=order["parameters"])
    assert second["state"] == "succeeded"
    assert second["inputs"] == first["inputs"]
    assert me.run(inputs={"data": {"run": first["id"], "input": "data"}})["inputs"][0] == first["inputs"][0]

    me.http.delete(f"/api/v1/runs/{first['id']}").raise_for_status()
    gone = me.ask(inputs=order["inputs"]).json()
    assert (gone["field"], gone["detail"]) == ("inputs.table", "What it was given before is gone with that run.")
    third = me.get(f"/runs/{second['id']}/order")["inputs"]
    assert third["table"] == {"dataset": None, "run": second["id"], "uploads": [], "path": "", "input": "table"}
    assert me.run(inputs=third)["state"] == "succeeded", "each run holds what it was given"


def test_an_input_of_an_earlier_run_has_to_be_one(me: Desk) -> None:
    run = me.run()
    assert me.ask(inputs={"table": {"run": run["id"], "input": "nothing"}}).json()["field"] == "inputs.table"
    assert me.ask(inputs={"table": {"run": run["id"], "input": "table", "path": "x"}}).status_code == 422


def test_outputs_become_a_version_of_a_dataset(me: Desk) -> None:
    address = f"{me.username}/kept"
    run = me.run(keep_as={"dataset": address, "message": "weighed"})

    def kept() -> dict[str, Any] | None:
        told = me.get(f"/runs/{run['id']}")["keep_as"]
        return told if "version" in told or "problem" in told else None

    assert until(kept, seconds=60)["version"] == 1

    def ready() -> bool:
        return bool(me.get(f"/repos/{address}/versions/1")["state"] == "ready")

    until(ready, seconds=60)
    files = me.get(f"/repos/{address}/versions/1/files")["items"]
    assert [file["path"] for file in files] == ["model.txt", "names.txt"]
    response = me.ask(keep_as={"dataset": "somebody/else"})
    assert response.status_code == 404
    later = me.run()
    asked = me.http.post(f"/api/v1/runs/{later['id']}/dataset", json={"dataset": address})
    assert asked.status_code == 202, asked.text
    until(lambda: me.get(f"/runs/{later['id']}")["keep_as"].get("version") == 2, seconds=60)


def test_deleting_a_run_gives_up_what_it_left(me: Desk) -> None:
    run = me.run()
    assert me.http.delete(f"/api/v1/runs/{run['id']}").status_code == 204
    assert me.http.get(f"/api/v1/runs/{run['id']}").status_code == 404
    assert me.http.get(f"/api/v1/runs/{run['id']}/outputs/names.txt").status_code == 404


def test_the_log_is_followed_and_resumed(me: Desk) -> None:
    run = me.run()
    with me.http.stream("GET", f"/api/v1/runs/{run['id']}/events") as response:
        text = "".join(response.iter_text())
    events = [block.split("\n") for block in text.strip().split("\n\n")]
    kinds = [lines[0].removeprefix("event: ") for lines in events]
    assert kinds[0] == "run"
    assert kinds[-1] == "end"
    assert {"log", "metrics"} <= set(kinds)
    last = next(lines[1].removeprefix("id: ") for lines in events if lines[0] == "event: log")
    with me.http.stream("GET", f"/api/v1/runs/{run['id']}/events", headers={"Last-Event-ID": last}) as response:
        resumed = "".join(response.iter_text())
    assert "event: log" not in resumed
    assert "event: end" in resumed
