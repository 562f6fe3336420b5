"""``/openapi.json``, ``/docs`` and ``/metrics``: what the box says about itself."""

import os
import signal
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from box.running import TEXT, box_site, inputs_schema, serving, wait_for, write_box
from support.browser import chromium
from support.ports import free_port

sys.path.append(str(box_site()))  # the server's own packages, which a test of its parts needs, too

from modelyard_box.config import Box, Target, load_settings
from modelyard_box.routes import Routes

FILE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"}
SOURCE = """
    import os
    def predict(x, colour="red", end=False):
        if end: os._exit(3)
        return {"x": x}
"""
INPUTS = inputs_schema(
    ("colour", "end", "<b>odd</b>"),
    x={"type": "number", "description": "How much & <why>", "minimum": 0},
    colour={"enum": ["red", "blue"], "default": "red"},
    end={"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    **{"<b>odd</b>": {"type": "array", "items": TEXT}},
)
CARD = {"title": "Colours <script>alert(1)</script>", "description": "Says x.", "example": {"x": 3}}


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    config = write_box(tmp_path_factory.mktemp("docs"), SOURCE, inputs=INPUTS, card=CARD)
    with serving(config, MODELYARD_PORT=str(free_port()), MODELYARD_VERSION="7") as box:
        yield box


def test_the_document_is_valid_whatever_the_signature_is(box, tmp_path):
    validate(box.client.get("/openapi.json").json())
    other = inputs_schema(f=FILE, t={"type": "array", "items": {"type": "object"}, "x-modelyard": "table"})
    with serving(write_box(tmp_path, SOURCE, inputs=other, streams=True)) as second:
        validate(second.client.get("/openapi.json").json())


def test_the_document_covers_every_address_and_method_and_nothing_else(box, tmp_path):
    document = box.client.get("/openapi.json").json()
    told = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    signature = {"inputs": INPUTS}
    parts = Box(Target("m", None, "predict"), None, "", "", signature, {})
    table = Routes(parts, load_settings({}), pool=None)._table
    answered = {(path.replace("...}", "}"), method) for path, methods in table.items() for method in methods}
    assert told == answered
    identifiers = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(identifiers) == len(set(identifiers))


def test_methods_that_an_address_does_not_take_are_named(box):
    for path, allowed in (("/invocations", "POST, OPTIONS"), ("/predictions/a", "PUT, OPTIONS")):
        response = box.client.delete(path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_is_accessible_and_asks_for_nothing(box, colours):
    asked, said = [], []
    with chromium() as browser:
        page = browser.new_page(color_scheme=colours)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        address = f"{box.client.base_url}/docs".replace("//docs", "/docs")
        page.goto(address)
        assert page.title() == "Colours <script>alert(1)</script>: API"
        for details in page.locator("summary").all():
            details.click()
        assert page.get_by_role("cell", name="How much & <why>").is_visible()
        assert page.get_by_role("heading", name="/invocations").is_visible()
        assert page.locator("pre", has_text='"x": 3').first.is_visible()
        assert Axe().run(page).response["violations"] == []
    assert [url for url in asked if not url.endswith("/favicon.ico")] == [address]
    assert [text for text in said if "favicon" not in text] == []


def test_the_page_has_no_scripts_and_needs_none(box):
    response = box.client.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "<script" not in response.text
    assert "<b>odd</b>" not in response.text
    assert "://" not in response.text
    assert box.client.get("/", headers={"accept": "text/html,*/*;q=0.8"}).text == response.text


def metrics(box) -> dict:
    """Samples by name and labels, as Prometheus' own parser reads them."""
    response = box.client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(response.text))
    assert all(family.documentation and family.type != "unknown" for family in families)
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def test_metrics_count_requests_by_route_and_status(box):
    def counted(found, route, status):
        return found.get(("modelyard_box_requests_total", ("route", route), ("status", status)), 0)

    before = metrics(box)
    for _ in range(3):
        box.output({"x": 1})
    box.predict({"x": "a"})
    box.client.get('/nothing"here\\')
    box.client.get("/v2/models/model")
    box.client.put("/predictions/abc", json={"input": {"x": 1}})
    after = metrics(box)
    rises = {
        ("/model/predict", "200"): 3,
        ("/model/predict", "422"): 1,
        ("other", "404"): 1,
        ("/v2/models/{name...}", "200"): 1,
        ("/predictions/{prediction_id}", "200"): 1,
    }
    assert {key: counted(after, *key) - counted(before, *key) for key in rises} == rises


def test_metrics_have_consistent_histograms_and_gauges(box):
    box.output({"x": 1})
    found = metrics(box)
    route = ("route", "/model/predict")
    count = found[("modelyard_box_request_seconds_count", route)]
    buckets = [
        value for key, value in found.items() if key[0] == "modelyard_box_request_seconds_bucket" and route in key
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == count > 0
    assert found[("modelyard_box_request_seconds_sum", route)] > 0
    assert found[("modelyard_box_requests_in_flight",)] == 1  # the one that asks
    assert found[("modelyard_box_queue_length",)] == 0
    assert found[("modelyard_box_workers_ready",)] == 1
    assert found[("modelyard_box_model_load_seconds",)] >= 0
    assert found[("modelyard_box_batch_size_count",)] >= 1


def test_metrics_count_workers_that_were_replaced(box):
    before = metrics(box)[("modelyard_box_worker_restarts_total",)]
    assert box.predict({"x": 1, "end": True}).json()["code"] == "worker-died"
    wait_for(lambda: metrics(box)[("modelyard_box_workers_ready",)] == 1)
    os.kill(box.worker_pids()[0], signal.SIGKILL)
    wait_for(lambda: metrics(box)[("modelyard_box_worker_restarts_total",)] == before + 2)
    assert box.output({"x": 1}) == {"x": 1}


def test_metrics_count_a_client_that_left(box):
    key = ("modelyard_box_requests_total", ("route", "/model/predict"), ("status", "499"))
    before = metrics(box).get(key, 0)
    worker = box.worker_pids()[0]
    os.kill(worker, signal.SIGSTOP)  # so that the answer cannot come first
    try:
        with pytest.raises(Exception, match="timed out"):
            box.predict(content=b'{"x": 1}', timeout=0.3)
        wait_for(lambda: metrics(box).get(key, 0) == before + 1)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert metrics(box)[("modelyard_box_requests_in_flight",)] == 1


def test_a_box_that_serves_many_protocols_stays_small(box):
    """The server process has no numpy, and little else, in it."""
    box.client.post("/v2/models/model/infer", json={"inputs": []})
    box.client.post("/invocations", content="x\n1", headers={"content-type": "text/csv"})
    loaded = Path(f"/proc/{box.process.pid}/maps").read_text()
    assert "orjson" in loaded
    assert "numpy" not in loaded
