"""Images of a dataset by the client: looked through, relabelled and deleted."""

from pathlib import Path

import pytest

from modelyard_client import Client, Refused
from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, zipped
from support.server import Server

COUNT = 30


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    found = collector(site, tmp_path)
    found.ready(begin(found, ("digits.zip", zipped(digits(COUNT) | {"0/broken.png": b"no image"}))))
    return found


def wait_for(me: Collector, client: Client, number: int) -> None:
    list(client.follow_build(me.address, number))
    version = client.get_version(me.address, number)
    assert version["state"] == "ready", version["reason"]


def test_items_come_by_path_in_pages_and_by_filters(me: Collector) -> None:
    first = me.client.list_items(me.address, 1, limit=10)
    rest = me.client.list_items(me.address, 1, start=10, limit=100)
    found = [item["path"] for item in [*first["items"], *rest["items"]]]
    assert (first["total"], len(first["items"]), found) == (COUNT, 10, sorted(digits(COUNT)))
    threes = me.client.list_items(me.address, 1, label="3", text="00")
    assert {item["label"] for item in threes["items"]} == {"3"}
    assert threes["total"] == sum(path.startswith("3/") for path in digits(COUNT))
    broken = me.client.list_items(me.address, 1, errors=True)
    assert [item["path"] for item in broken["items"]] == ["0/broken.png"]


def test_items_are_relabelled_and_deleted_in_the_next_version(me: Collector) -> None:
    items = me.client.list_items(me.address, 1, limit=3)["items"]
    rows = [item["row"] for item in items]
    made = me.client.edit_items(
        me.address, 1, relabel={rows[0]: "zero", rows[1]: None}, delete=[rows[2]], message="Tidy"
    )
    assert (made["number"], made["message"]) == (2, "Tidy")
    wait_for(me, me.client, 2)
    after = {item["path"]: item["label"] for item in me.client.list_items(me.address, 2)["items"]}
    assert after[items[0]["path"]] == "zero"
    assert after[items[1]["path"]] is None
    assert items[2]["path"] not in after
    assert me.client.list_items(me.address, 2, unlabelled=True)["total"] == 1
    assert me.client.list_items(me.address, 1)["total"] == COUNT


def test_edits_of_nothing_and_of_an_old_version_are_refused(me: Collector) -> None:
    with pytest.raises(Refused, match="Nothing is changed"):
        me.client.edit_items(me.address, 1)
    me.client.edit_items(me.address, 1, delete=[0])
    wait_for(me, me.client, 2)
    with pytest.raises(Refused) as refused:
        me.client.edit_items(me.address, 1, delete=[0])
    assert "newest" in refused.value.detail + refused.value.remedy
