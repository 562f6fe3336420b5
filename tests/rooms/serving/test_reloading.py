"""A new version takes the place of another under load, and no request notices."""

import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from rooms.serving.models import Yard, yard_on
from support.server import Server
from support.waiting import until

SWITCHES = 20
CALLERS = 4
ONE_REQUEST_EACH = httpx.Limits(max_keepalive_connections=0)
"""A server may close a connection that was idle for long, just when a starved client sends on it."""


@pytest.fixture(scope="module")
def yard(site: Server) -> Yard:
    return yard_on(site)


def test_twenty_switches_under_load_fail_no_request(yard: Yard) -> None:
    name = f"switched-{secrets.token_hex(4)}"
    url = yard.serve(name)
    yard.push(name)
    assert yard.call(url, text="a").json()["output"] == "v1:a"
    done = threading.Event()
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []

    def asking(caller: int) -> None:
        with yard.server.client(yard.token, limits=ONE_REQUEST_EACH) as client:
            number = 0
            while not done.is_set():
                number += 1
                text = f"{caller}-{number}"
                answer = client.post(f"{url}/model/predict", json={"text": text})
                output = answer.json().get("output", "")
                version, _, said = output.partition(":")
                if answer.status_code != 200 or said != text or answer.headers["x-modelyard-version"] != version[1:]:
                    wrong.append(f"{answer.status_code} {dict(answer.headers)} {answer.text}")
                outcomes[version] += 1

    def switch(version: int) -> None:
        yard.api("PUT", name, "deployment/aliases/production", json={"version": version})
        seen = Counter(outcomes)
        until(lambda: outcomes[f"v{version}"] > seen[f"v{version}"] or wrong, seconds=120, what=f"v{version} answers")

    with ThreadPoolExecutor(CALLERS) as threads:
        callers = [threads.submit(asking, caller) for caller in range(CALLERS)]
        try:
            for number in range(SWITCHES):
                switch(1 + (number + 1) % 2)
        finally:
            done.set()
        for caller in callers:
            caller.result()
    assert wrong == []
    assert min(outcomes["v1"], outcomes["v2"]) >= SWITCHES // 2
