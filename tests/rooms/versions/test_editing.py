"""Labels changed and images deleted: the next version, with the packs of the one before."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, zipped
from support.server import Server


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    me = collector(site, tmp_path)
    me.ready(begin(me, ("digits.zip", zipped(digits() | {"0/bad.png": b"no picture"}))))
    return me


def items(me: Collector, number: int, **query: Any) -> list[dict[str, Any]]:
    return list(me.get(number, "items", params={"limit": 1000, **query}).json()["items"])


def edit(me: Collector, number: int, **body: Any) -> httpx.Response:
    return me.http.post(f"{me.path}/versions/{number}/edits", json=body)


def test_an_edit_is_a_version_that_shares_the_packs(me: Collector) -> None:
    before = items(me, 1)
    first, second, third, *rest = before
    wanted = {"relabel": [{"row": first["row"], "label": "zero"}, {"row": second["row"], "label": None}]}
    answer = edit(me, 1, delete=[third["row"]], message="by hand", **wanted)
    version = me.finish(answer)
    assert (version["state"], version["number"], version["message"]) == ("ready", 2, "by hand")
    assert [stage["name"] for stage in version["stages"]] == ["index", "publish"]
    assert version["packed"]["items"] == 59
    after = {item["path"]: item["label"] for item in items(me, 2)}
    expected = {item["path"]: item["label"] for item in [first, second, *rest]}
    assert after == expected | {first["path"]: "zero", second["path"]: None}
    assert items(me, 1) == before
    assert [item["path"] for item in items(me, 2, errors=True)] == ["0/bad.png"]
    packs = [{f["path"] for f in me.get(n, "files").json()["items"] if f["path"].startswith("packs/")} for n in (1, 2)]
    assert packs[0] == packs[1]
    assert me.get(2, f"items/{items(me, 2)[0]['row']}/content").content == digits()[first["path"]]


def test_what_cannot_be_changed_is_said(me: Collector) -> None:
    row = items(me, 1)[0]["row"]
    for body in (
        {},
        {"delete": [61]},
        {"relabel": [{"row": row, "label": "a"}], "delete": [row]},
        {"relabel": [{"row": row, "label": "a"}, {"row": row, "label": "b"}]},
    ):
        assert edit(me, 1, **body).json()["code"] == "edit_invalid"
    assert edit(me, 1, relabel=[{"row": row, "label": ""}]).status_code == 422
    assert edit(me, 9, delete=[0]).json()["code"] == "version_missing"
    all_gone = me.finish(edit(me, 1, delete=[item["row"] for item in items(me, 1)]))
    assert (all_gone["state"], all_gone["reason"]) == ("failed", "No image would be left.")


def test_an_edit_of_an_older_version_loses_nothing_that_came_later(me: Collector) -> None:
    assert me.ready(edit(me, 1, delete=[0])) == 2
    refused = edit(me, 1, delete=[1]).json()
    assert (refused["code"], refused["remedy"]) == ("edit_outdated", "Make the changes in the newest version.")


def test_of_two_edits_at_once_one_wins_and_the_other_is_told(me: Collector) -> None:
    with ThreadPoolExecutor(2) as threads:
        asked = list(threads.map(lambda row: edit(me, 1, relabel=[{"row": row, "label": "x"}]), (3, 4)))
    ended = [me.finish(answer) for answer in asked if answer.status_code == 202]
    told = [each["reason"] for each in ended if each["state"] == "failed"]
    told += [answer.json()["detail"] for answer in asked if answer.status_code == 409]
    assert [each["state"] for each in ended].count("ready") == 1
    assert told in (["Others pushed meanwhile"], ["v1 is not the newest state."])


def test_only_who_maintains_the_dataset_edits_it(me: Collector, site: Server) -> None:
    me.http.patch(me.path, json={"visibility": "public"})
    _, _, token = site.account()
    with site.client(token) as reader:
        answer = reader.post(f"{me.path}/versions/1/edits", json={"delete": [0]})
    assert answer.status_code == 403
