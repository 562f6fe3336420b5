"""The page's files over HTTP: what may be kept for how long, what the page may do, and what is never a page."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from modelyard.apps import web
from modelyard.kit.http import check_policies, install_problem_handlers

SCRIPT = "console.log(1);"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """The page alone, built from three files, with a secret beside its folder."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / "index.html").write_text("<!doctype html>the page")
    (folder / "assets/main-1a2b.js").write_text(SCRIPT)
    (folder / "assets/main-1a2b.js.br").write_bytes(b"as brotli")
    (folder / ".vite/manifest.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return _client(folder)


def _client(folder: Path) -> TestClient:
    app = FastAPI()
    install_problem_handlers(app)
    web.mount(app, folder)
    check_policies(app)
    return TestClient(app)


@pytest.mark.parametrize("address", ["/", "/ada/digits/run", "/settings", "/no/such/thing", "/%00", "/" + "x" * 300])
def test_every_address_of_people_is_the_page(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.text == "<!doctype html>the page"
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_may_run_only_its_own_scripts_and_stand_in_no_frame(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy


def test_named_files_are_kept_for_ever_and_come_compressed(client: TestClient) -> None:
    plain = client.get("/assets/main-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert (plain.text, plain.headers["cache-control"]) == (SCRIPT, web.FOREVER)
    with client.stream("GET", "/assets/main-1a2b.js", headers={"Accept-Encoding": "gzip, br;q=0.9"}) as packed:
        assert packed.headers["content-encoding"] == "br"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.headers["content-type"].startswith("text/javascript")
        assert b"".join(packed.iter_raw()) == b"as brotli"


@pytest.mark.parametrize(
    "address", ["/api/v1/nothing", "/serve/x", "/v2/x", "/ada/digits.git/nothing", "/assets/gone.js"]
)
def test_addresses_of_programs_are_never_the_page(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


HIDDEN = [".vite/manifest.json", "../secret.txt", "assets/../../secret.txt", "..\\secret.txt", "\0", "", "assets"]


@pytest.mark.parametrize("path", HIDDEN)
def test_hidden_files_and_ways_out_are_not_found(client: TestClient, tmp_path: Path, path: str) -> None:
    assert (tmp_path / "static/.vite/manifest.json").exists()
    assert web.find_file(tmp_path / "static", path) is None


def test_encoded_ways_out_lead_to_the_page(client: TestClient) -> None:
    assert client.get("/%2e%2e/secret.txt").text == "<!doctype html>the page"
    assert client.get("/.vite/manifest.json").text == "<!doctype html>the page"


def test_a_page_that_was_not_built_says_how(tmp_path: Path) -> None:
    answer = _client(tmp_path).get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text
