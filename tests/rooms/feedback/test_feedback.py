"""Feedback over HTTP: who may say what, what becomes of it, and who is asked for it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from rooms.datasets.shelf import Collector, collector
from support.server import Server

GOOD = {"version": 1, "rating": 5, "category": "data", "text": "Helped a lot."}


@pytest.fixture
def expert(site: Server, tmp_path: Path) -> Collector:
    """Somebody with a public dataset that has one version."""
    me = collector(site, tmp_path, visibility="public")
    me.ready(me.push({"a.csv": b"1"}))
    return me


@pytest.fixture
def user(site: Server) -> httpx.Client:
    return site.client(site.account()[2])


def path(expert: Collector, rest: str = "") -> str:
    return f"{expert.path}/feedback{rest}"


def give(client: httpx.Client, expert: Collector, **said: Any) -> dict[str, Any]:
    answer = client.post(path(expert), json=GOOD | said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_feedback_is_given_changed_and_deleted(expert: Collector, user: httpx.Client) -> None:
    given = give(user, expert)
    assert (given["rating"], given["tried"], given["can_change"], given["replies"]) == (5, False, True, [])
    user.get(f"{expert.path}/versions/1/files/a.csv")
    again = user.patch(path(expert, f"/{given['id']}"), json={"rating": 2, "text": " Less now. "}).json()
    assert (again["rating"], again["text"], again["category"], again["tried"]) == (2, "Less now.", "data", True)
    shown = expert.http.get(expert.path).json()
    assert (shown["rating"], shown["ratings"]) == (2.0, 1)
    assert [f["repository"]["name"] for f in user.get("/api/v1/feedback/mine").json()["items"]] == [expert.name]
    assert user.delete(path(expert, f"/{given['id']}")).status_code == 204
    assert expert.http.get(expert.path).json()["rating"] is None
    assert user.patch(path(expert, f"/{given['id']}"), json={}).json()["code"] == "feedback_missing"


def test_one_of_each_type_and_nothing_on_ones_own(expert: Collector, user: httpx.Client) -> None:
    give(user, expert)
    assert user.post(path(expert), json=GOOD).json()["code"] == "feedback_given"
    give(user, expert, type="question", rating=3)
    assert expert.http.post(path(expert), json=GOOD).json()["code"] == "own_repository"
    assert user.post(path(expert), json=GOOD | {"version": 9}).json()["code"] == "version_missing"


@pytest.mark.parametrize(
    "wrong",
    [{"rating": 0}, {"rating": 6}, {"text": ""}, {"text": " "}, {"text": "x" * 5001}, {"type": "x"}, {"version": 0}],
)
def test_what_cannot_be_said_is_a_422(expert: Collector, user: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = user.post(path(expert), json=GOOD | wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(wrong)))


def test_the_average_counts_each_account_once(expert: Collector, site: Server) -> None:
    one, two = (site.client(site.account()[2]) for _ in range(2))
    give(one, expert, rating=1)
    give(one, expert, rating=5, type="idea")
    give(two, expert, rating=4)
    summary = expert.http.get(path(expert, "/summary")).json()
    assert (summary["rating"], summary["ratings"], summary["total"]) == (4.5, 2, 3)
    assert summary["stars"] == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 1}
    assert (summary["types"]["idea"], summary["categories"]["data"]) == (1, 3)
    found = expert.http.get("/api/v1/search", params={"owner": expert.username, "sort": "rating"}).json()["items"]
    assert [(r["rating"], r["ratings"]) for r in found] == [(4.5, 2)]


def test_the_expert_answers_and_does_not_censor(expert: Collector, user: httpx.Client, site: Server) -> None:
    given = give(user, expert, rating=1)
    replies = path(expert, f"/{given['id']}/replies")
    assert user.post(replies, json={"text": "me too"}).json()["code"] == "not_owner"
    answered = expert.http.post(replies, json={"text": "Mended in v2."}).json()
    (reply,) = answered["replies"]
    assert (reply["author"], reply["text"]) == (expert.username, "Mended in v2.")
    assert expert.http.delete(path(expert, f"/{given['id']}")).json()["code"] == "not_author"
    assert expert.http.patch(path(expert, f"/{given['id']}"), json={"rating": 5}).json()["code"] == "not_author"
    assert user.delete(f"{replies}/{reply['id']}").json()["code"] == "not_author"
    assert expert.http.delete(f"{replies}/{reply['id']}").status_code == 204
    assert expert.http.delete(f"{replies}/{reply['id']}").json()["code"] == "reply_missing"
    with site.client() as administrator:
        assert administrator.delete(path(expert, f"/{given['id']}")).status_code == 204


def test_lists_are_filtered_and_paged(expert: Collector, site: Server) -> None:
    for rating in (1, 2, 3):
        give(site.client(site.account()[2]), expert, rating=rating)
    page = expert.http.get(path(expert), params={"limit": 2}).json()
    rest = expert.http.get(path(expert), params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [f["rating"] for f in page["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next_cursor"] is None
    for query, count in (
        ({"rating": 2}, 1),
        ({"version": 2}, 0),
        ({"type": "experience"}, 3),
        ({"category": "speed"}, 0),
    ):
        assert len(expert.http.get(path(expert), params=query).json()["items"]) == count, query


def test_who_tried_is_asked_until_they_answer_or_decline(expert: Collector, user: httpx.Client) -> None:
    expert.ready(expert.push({"a.csv": b"2"}))
    for number in (1, 2):
        user.get(f"{expert.path}/versions/{number}/archive")

    def wanted(client: httpx.Client) -> list[int]:
        return [w["version"] for w in client.get("/api/v1/feedback/wanted").json()["items"]]

    assert wanted(user) == [2, 1]
    first = user.get("/api/v1/feedback/wanted", params={"limit": 1}).json()
    second = user.get("/api/v1/feedback/wanted", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [w["version"] for w in first["items"] + second["items"]] == [2, 1]
    give(user, expert)
    assert wanted(user) == [2]
    assert user.delete(f"{expert.path}/versions/2/wanted-feedback").status_code == 204
    assert wanted(user) == []
    expert.http.get(f"{expert.path}/versions/1/archive")
    assert wanted(expert.http) == []
    uses = user.get("/api/v1/uses", params={"how": "download", "limit": 1}).json()
    more = user.get("/api/v1/uses", params={"limit": 1, "cursor": uses["next_cursor"]}).json()
    assert [u["version"] for u in uses["items"] + more["items"]] == [2, 1]


def test_nothing_is_told_of_what_may_no_longer_be_read(expert: Collector, user: httpx.Client) -> None:
    user.get(f"{expert.path}/versions/1/archive")
    give(user, expert, type="idea")
    expert.http.patch(expert.path, json={"visibility": "private"})
    for address in ("/api/v1/feedback/wanted", "/api/v1/feedback/mine", "/api/v1/uses", "/api/v1/stars"):
        assert user.get(address).json()["items"] == []
    assert user.get(path(expert)).json()["code"] == "repository_missing"


def test_stars(expert: Collector, user: httpx.Client) -> None:
    for _ in range(2):
        shown = user.put(f"{expert.path}/star").json()
        assert (shown["stars"], shown["starred"]) == (1, True)
    assert [r["name"] for r in user.get("/api/v1/stars").json()["items"]] == [expert.name]
    assert expert.http.get(expert.path).json()["starred"] is False
    for _ in range(2):
        shown = user.delete(f"{expert.path}/star").json()
        assert (shown["stars"], shown["starred"]) == (0, False)


def test_erasing_a_repository_takes_it_all(expert: Collector, user: httpx.Client) -> None:
    give(user, expert)
    user.put(f"{expert.path}/star")
    user.get(f"{expert.path}/versions/1/archive")
    assert expert.http.delete(expert.path).status_code == 202
    for address in ("/api/v1/feedback/wanted", "/api/v1/feedback/mine", "/api/v1/uses", "/api/v1/stars"):
        assert user.get(address).json()["items"] == []
