"""What crosses the gateway and what does not, on a real server with real models."""

import http.client
import json
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from rooms.serving.models import HOSTILE, STREAM, Yard, yard_on
from support.server import Server
from support.waiting import until

ROUTE_MEMORY_S = 1


@pytest.fixture(scope="module")
def yard(site: Server) -> Yard:
    return yard_on(site)


@pytest.fixture(scope="module")
def told(yard: Yard) -> str:
    """A private model that answers, as its address below ``/serve``."""
    return yard.serve("told")


def fenced(response: httpx.Response) -> bool:
    return (
        response.headers.get("content-security-policy") == "sandbox"
        and response.headers.get("x-content-type-options") == "nosniff"
        and "set-cookie" not in response.headers
    )


def test_the_first_call_says_what_its_start_cost_and_the_next_pays_nothing(yard: Yard) -> None:
    url = yard.serve("cold")
    first, second = yard.call(url, text="a"), yard.call(url, text="a")
    assert first.status_code == second.status_code == 200
    assert float(first.headers["x-modelyard-cold-start"]) > 0
    assert "x-modelyard-cold-start" not in second.headers
    assert first.headers["x-modelyard-version"] == "1"
    assert fenced(first)


def test_the_session_cookie_counts_for_nothing(yard: Yard, told: str) -> None:
    username, password, _ = yard.server.account()
    with httpx.Client(base_url=yard.server.url) as browser:
        browser.post("/api/v1/session", json={"username": username, "password": password}).raise_for_status()
        assert browser.cookies
        refused = browser.post(f"{told}/model/predict", json={})
    assert refused.status_code == 401
    assert fenced(refused)
    assert "basic" not in refused.headers["www-authenticate"].lower()


@pytest.mark.parametrize("token", ["", "my_pat_wrong"])
def test_nobody_and_wrong_tokens_are_refused(yard: Yard, told: str, token: str) -> None:
    with yard.calling(token) as client:
        refused = client.post(f"{told}/model/predict", json={})
    assert refused.status_code == 401
    assert fenced(refused)


def test_a_stranger_learns_nothing_of_a_private_model(yard: Yard, told: str) -> None:
    _, _, stranger = yard.server.account()
    with yard.calling(stranger) as client:
        there, not_there = client.get(told), client.get(f"/serve/{yard.owner}/nothing")
    assert there.status_code == not_there.status_code == 404
    assert there.json()["code"] == not_there.json()["code"]


def test_who_may_call_follows_visibility_and_the_owner(yard: Yard) -> None:
    url = yard.serve("open", visibility="public")
    _, _, stranger = yard.server.account()

    def statuses() -> list[int]:
        with yard.calling("") as nobody, yard.calling(stranger) as other, yard.calling() as owner:
            return [client.post(f"{url}/model/predict", json={}).status_code for client in (nobody, other, owner)]

    assert statuses() == [200, 200, 200]
    yard.api("PATCH", "open", "deployment", json={"callers": "owner"})
    until(lambda: statuses() == [403, 403, 200], seconds=10)
    yard.api("PATCH", "open", "deployment", json={"callers": "readers"})
    until(lambda: statuses() == [200, 200, 200], seconds=10)
    yard.change("open", visibility="internal")
    until(lambda: statuses() == [401, 200, 200], seconds=10)
    yard.change("open", visibility="private")
    until(lambda: statuses() == [401, 404, 200], seconds=10)


def test_a_serve_token_calls_this_model_and_nothing_else(yard: Yard, told: str) -> None:
    other = yard.serve("other")
    token = yard.api("POST", "told", "serve-token").json()["secret"]
    with yard.calling(token) as client:
        assert client.post(f"{told}/model/predict", json={}).status_code == 200
        assert client.post(f"{other}/model/predict", json={}).status_code in (403, 404)
        assert client.post(f"/api/v1/repos/{yard.address('told')}/serve-token").status_code == 403
        assert client.post(f"/api/v1/repos/{yard.address('told')}/deployment/stop").status_code == 403


def test_a_revoked_token_stops_working_soon(yard: Yard, told: str) -> None:
    username, password, _ = yard.server.account()
    url = yard.serve("shown", visibility="public")
    site = {"Origin": yard.server.url}
    with httpx.Client(base_url=yard.server.url, headers=site) as browser:
        browser.post("/api/v1/session", json={"username": username, "password": password}).raise_for_status()
        made = browser.post("/api/v1/account/tokens", json={"name": "t", "scopes": ["read", "predict"]}).json()
        with yard.calling(made["secret"]) as client:
            assert client.post(f"{url}/model/predict", json={}).status_code == 200
            browser.delete(f"/api/v1/account/tokens/{made['id']}").raise_for_status()
            revoked = time.monotonic()
            until(lambda: client.post(f"{url}/model/predict", json={}).status_code == 401, seconds=10)
            assert time.monotonic() - revoked < ROUTE_MEMORY_S + 5


def test_a_token_without_the_scope_is_refused(yard: Yard, told: str) -> None:
    username, password, _ = yard.server.account()
    with httpx.Client(base_url=yard.server.url, headers={"Origin": yard.server.url}) as browser:
        browser.post("/api/v1/session", json={"username": username, "password": password}).raise_for_status()
        made = browser.post("/api/v1/account/tokens", json={"name": "t", "scopes": ["read"]}).json()
    with yard.calling(made["secret"]) as client:
        refused = client.post(f"{told}/model/predict", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_a_hostile_model_gets_nothing_of_the_session_and_is_fenced_in(yard: Yard) -> None:
    url = yard.serve("hostile", HOSTILE)
    yard.call(url, what="take over")

    def is_reached() -> bool:
        """Calls are held on the connections to the box proper, until one is opened anew."""
        threading.Thread(target=yard.call, args=(url,), kwargs={"what": "hold"}, daemon=True).start()
        return b"<script>" in client_get(yard, f"{url}/page")

    until(is_reached, seconds=60)
    with yard.calling() as client:
        client.cookies.set("modelyard_session", "the-secret-cookie")
        page = client.get(f"{url}/page", headers={"Connection": "close", "X-Forwarded-For": "10.9.8.7"})
    assert page.status_code == 200
    assert "<script>" in page.text
    assert "the-secret-cookie" not in page.text
    assert yard.token not in page.text
    assert "authorization" not in page.text.lower()
    assert "10.9.8.7" not in page.text
    assert fenced(page)
    dropped = "set-cookie location refresh link access-control-allow-origin clear-site-data service-worker-allowed"
    assert not set(dropped.split()) & set(page.headers)
    assert page.headers.get_list("content-security-policy") == ["sandbox"]


@pytest.mark.parametrize(
    "destination", ["script", "style", "worker", "serviceworker", "sharedworker", "embed", "object"]
)
def test_no_page_loads_a_model_as_its_code(yard: Yard, told: str, destination: str) -> None:
    with yard.calling() as client:
        refused = client.get(f"{told}/model/data", headers={"Sec-Fetch-Dest": destination})
    assert (refused.status_code, refused.json()["code"]) == (403, "code_refused")
    assert refused.headers["content-type"] == "application/problem+json"
    assert fenced(refused)


@pytest.mark.parametrize("destination", ["empty", "document", "image", "iframe"])
def test_a_model_is_read_as_data_by_a_browser(yard: Yard, told: str, destination: str) -> None:
    with yard.calling() as client:
        assert client.get(f"{told}/model/data", headers={"Sec-Fetch-Dest": destination}).status_code == 200


def client_get(yard: Yard, url: str) -> bytes:
    with yard.calling() as client:
        return client.get(url).content


@pytest.mark.parametrize(
    "path", ["/../../../api/v1/session", "/%2e%2e/%2e%2e/api/v1/session", "//api/v1/session", "/a%2fb", "/%00", "/%ff"]
)
def test_tricks_with_paths_stay_with_the_box(yard: Yard, told: str, path: str) -> None:
    answer = raw_request(yard, f"GET {told}{path} HTTP/1.1")
    assert answer.status == 404
    assert answer.getheader("x-modelyard-version") == "1"
    assert answer.getheader("content-security-policy") == "sandbox"


@pytest.mark.parametrize(
    "path", ["/serve/%2e%2e/api/v1/session", "/serve//told/x", "/serve/a%00b/c/x", "/serve/", "/serve/x@y/z"]
)
def test_addresses_of_no_model_are_refused(yard: Yard, path: str) -> None:
    answer = raw_request(yard, f"GET {path} HTTP/1.1")
    assert answer.status in (401, 404)
    assert json.loads(answer.read())["code"]
    assert answer.getheader("content-security-policy") == "sandbox"


def test_a_request_with_two_lengths_is_refused(yard: Yard, told: str) -> None:
    request = f"POST {told}/model/predict HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked"
    assert raw_request(yard, request).status == 400


def test_a_websocket_is_refused_cleanly(yard: Yard, told: str) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
    request = f"GET {told}/model/data HTTP/1.1\r\n{upgrade}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    assert raw_request(yard, request).status in (200, 403)


def raw_request(yard: Yard, lines: str) -> http.client.HTTPResponse:
    """Sends a head as it stands, with the owner's token, past any client that would tidy it."""
    where = urlsplit(yard.server.url)
    connection = socket.create_connection((where.hostname, where.port), timeout=60)
    connection.sendall(f"{lines}\r\nHost: x\r\nAuthorization: Bearer {yard.token}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer


def test_head_answers_without_a_body(yard: Yard, told: str) -> None:
    with yard.calling() as client:
        got, head = client.get(f"{told}/model/data"), client.head(f"{told}/model/data")
    assert got.status_code == 200
    assert head.status_code in (200, 405)
    assert not head.content


def test_errors_of_the_model_come_with_type_and_message_and_the_log_has_the_rest(yard: Yard, told: str) -> None:
    failed = yard.call(told, what="raise", text="no")
    assert failed.status_code == 500
    assert "ValueError" in failed.text
    assert "refused: no" in failed.text
    assert "Traceback" not in failed.text
    assert fenced(failed)
    text = yard.api("GET", "told", "deployment/log").text
    assert "Traceback" in text
    assert "refused: no" in text
    _, _, stranger = yard.server.account()
    with yard.calling(stranger) as client:
        assert client.get(f"/api/v1/repos/{yard.address('told')}/deployment/log").status_code == 404


def test_the_end_of_a_long_log_is_shown(yard: Yard, told: str) -> None:
    yard.call(told, what="log", number=20_000)
    until(lambda: "line 19999 " in yard.api("GET", "told", "deployment/log").text, seconds=10)


def test_bodies_of_many_megabytes_pass_both_ways_without_piling_up(yard: Yard, told: str) -> None:
    size = 40 * 2**20
    before = peak_memory(yard.server.pid)
    answer = yard.call(told, what="big", number=size)
    assert answer.status_code == 200
    assert len(answer.content) > size
    sent = yard.call(told, what="echo", text="x" * size)
    assert sent.status_code in (200, 413)
    assert peak_memory(yard.server.pid) - before < 24 * 2**20


def peak_memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_a_stream_passes_as_it_is_made(yard: Yard) -> None:
    url = yard.serve("stream", STREAM)
    yard.call(url, count=1)
    with (
        yard.calling() as client,
        client.stream("POST", f"{url}/model/predict", json={"count": 20, "pause": 0.1}) as answer,
    ):
        assert answer.status_code == 200
        times = [time.monotonic() for _ in answer.iter_raw()]
    assert len(times) >= 5
    assert times[-1] - times[0] > 1


def test_a_caller_who_goes_away_ends_the_answer(yard: Yard) -> None:
    url = yard.serve("endless", STREAM)
    yard.call(url, count=1)
    with (
        yard.calling() as client,
        client.stream("POST", f"{url}/model/predict", json={"count": 10**6, "pause": 0.05}) as answer,
    ):
        next(answer.iter_raw())
    until(lambda: yard.call(url, count=1).status_code == 200, seconds=20, what="a free worker")


def test_many_callers_at_once_get_each_their_own_answer(yard: Yard, told: str) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = yard.call(told, text=str(number)).text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"v1:{number}" in text for number, text in answers.items())
    assert len(answers) == 24
