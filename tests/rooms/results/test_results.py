"""Results over HTTP: tables, previews and the archive of what a run left, and who may see them."""

import io
import json
import tarfile
import zipfile
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sklearn.datasets import load_iris

from support import leavings
from support.server import Server

IRIS = load_iris(as_frame=True).frame
PICTURE = io.BytesIO()
Image.new("RGB", (400, 200), "teal").save(PICTURE, "PNG")
FILES = {
    "iris.csv": IRIS.to_csv(index=False).encode(),
    "folder/größe & co.parquet": IRIS.to_parquet(),
    "teal.png": PICTURE.getvalue(),
    "report.html": b"<script>document.title</script>",
    "broken.csv": bytes(range(256)) * 10,
}


@dataclass
class Visitor:
    http: httpx.Client
    run: UUID

    def get(self, what: str, **options: Any) -> httpx.Response:
        return self.http.get(f"/api/v1/runs/{self.run}/{what}", **options)

    def table(self, *filters: dict[str, Any], path: str = "iris.csv", **query: Any) -> httpx.Response:
        return self.get(f"tables/{path}", params={"filter": json.dumps(filters), **query})


@pytest.fixture
def me(site: Server) -> Visitor:
    username, _, token = site.account()
    return Visitor(site.client(token), leavings.leave(site, username, FILES))


def test_a_table_sorted_filtered_and_page_by_page(me: Visitor) -> None:
    answer = me.table({"column": "target", "op": "eq", "value": 2}, sort="petal width (cm)", desc=True, limit=5).json()
    kept = IRIS[IRIS["target"] == 2].sort_values("petal width (cm)", ascending=False, kind="stable")
    assert (answer["total"], answer["offset"]) == (50, 0)
    assert answer["rows"] == kept.head(5).to_numpy().tolist()
    assert answer["columns"][0] == {"name": "sepal length (cm)", "type": "number"}
    last = me.table(path="folder/größe & co.parquet", offset=148, limit=50).json()
    assert last["rows"] == IRIS.tail(2).to_numpy().tolist()


def test_statistics(me: Visitor) -> None:
    answer = me.get("statistics/iris.csv").json()
    assert answer["rows"] == 150
    assert answer["columns"][0]["mean"] == pytest.approx(IRIS["sepal length (cm)"].mean())


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"filter": "no json"}, "filter_invalid", "filter"),
        ({"filter": '{"column": "target"}'}, "filter_invalid", "filter"),
        ({"filter": '[{"column": "target", "op": "like", "value": 1}]'}, "filter_invalid", "filter.0.op"),
        ({"filter": '[{"column": "target", "op": "eq", "value": "many"}]'}, "filter_invalid", "filter.0.value"),
        ({"filter": '[{"column": "target", "op": "eq", "value": [1]}]'}, "filter_invalid", "filter.0.value"),
        ({"filter": json.dumps([{"column": "target", "op": "missing"}] * 51)}, "filter_invalid", "filter"),
        ({"filter": '[{"column": "size", "op": "missing"}]'}, "column_unknown", "filter.0.column"),
        ({"sort": "size"}, "column_unknown", "sort"),
        ({"limit": "0"}, "invalid", "limit"),
        ({"offset": "-1"}, "invalid", "offset"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(me: Visitor, query: dict[str, str], code: str, field: str) -> None:
    answer = me.get("tables/iris.csv", params=query)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert field in problem["errors"][0]["field"]


def test_a_preview(me: Visitor) -> None:
    answer = me.get("previews/teal.png")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert Image.open(io.BytesIO(answer.content)).size == (256, 128)
    assert Image.open(io.BytesIO(me.get("previews/teal.png?side=1600").content)).size == (400, 200)
    again = me.get("previews/teal.png", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert me.get("previews/teal.png?side=5000").status_code == 422


def test_all_in_one(me: Visitor) -> None:
    whole = me.get("archive")
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES
    with tarfile.open(fileobj=io.BytesIO(me.get("archive?format=tar").content)) as archive:
        assert sorted(archive.getnames()) == sorted(FILES)
    rest = me.get("archive", headers={"Range": "bytes=1000-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    assert "attachment" in whole.headers["content-disposition"]


def test_what_cannot_be_looked_into_says_what_to_do(me: Visitor) -> None:
    for what, status, code in (
        ("tables/broken.csv", 422, "table_unreadable"),
        ("tables/teal.png", 422, "table_unreadable"),
        ("statistics/broken.csv", 422, "table_unreadable"),
        ("previews/report.html", 422, "preview_impossible"),
        ("tables/nothing.csv", 404, "output_missing"),
    ):
        answer = me.get(what)
        assert (answer.status_code, answer.json()["code"]) == (status, code), what
        assert answer.json()["remedy"], what


def test_a_run_that_left_nothing(site: Server) -> None:
    username, _, token = site.account()
    answer = Visitor(site.client(token), leavings.leave(site, username, {})).get("archive")
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_left")


def test_what_a_run_left_is_its_accounts_alone(me: Visitor, site: Server) -> None:
    paths = ("tables/iris.csv", "statistics/iris.csv", "previews/teal.png", "archive")
    assert {me.get(path).status_code for path in paths} == {200}
    stranger = Visitor(site.client(site.account()[2]), me.run)
    assert {stranger.get(path).status_code for path in paths} == {404}
    nobody = Visitor(site.client(""), me.run)
    assert {nobody.get(path).status_code for path in paths} == {401}


def test_the_frame_of_reports_has_no_origin_and_loads_nothing(site: Server) -> None:
    answer = site.client("").get("/api/v1/report-frame")
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"sandbox allow-scripts", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert "allow-same-origin" not in answer.headers["content-security-policy"]


def test_a_report_is_only_ever_a_download(me: Visitor) -> None:
    answer = me.get("outputs/report.html")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
