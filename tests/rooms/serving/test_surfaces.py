"""Every protocol of the box as its users call it: through the gateway, with a token, each by the client it is for."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import numpy as np
import prometheus_client.parser
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from rooms.serving.models import Yard, yard_on
from support.server import Server

CODE = '''
"""Multiplies."""


def call(x: float, times: int = 2) -> float:
    return x * times
'''
AT = pytest.mark.parametrize("at", ["", "@v1", "@production"])


@pytest.fixture(scope="module")
def yard(site: Server) -> Yard:
    return yard_on(site)


@pytest.fixture(scope="module")
def model(yard: Yard) -> str:
    """The model's address, which ends in ``/serve/{owner}/{name}``."""
    return yard.server.url + yard.serve("times", CODE)


@pytest.fixture
def client(yard: Yard) -> httpx.Client:
    return yard.server.client(yard.token)


@AT
def test_mlflow(client: httpx.Client, model: str, at: str) -> None:
    frame = {"dataframe_split": {"columns": ["x"], "data": [[1.5], [2]]}, "params": {"times": 4}}
    answer = client.post(f"{model}{at}/invocations", json=frame)
    assert (answer.status_code, answer.json()) == (200, {"predictions": [6.0, 8.0]})
    table = client.post(f"{model}{at}/invocations", content="x,times\n1,3\n", headers={"content-type": "text/csv"})
    assert table.json() == {"predictions": [3.0]}
    assert [client.get(f"{model}{at}/{page}").status_code for page in ("ping", "version")] == [200, 200]
    refused = client.post(f"{model}{at}/invocations", json={"inputs": {"x": "wide"}})
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@AT
@pytest.mark.parametrize("binary", [True, False])
def test_open_inference(yard: Yard, model: str, at: str, binary: bool) -> None:
    """Triton's own client, which is given the whole address and sends the token as a header."""
    headers = {"authorization": f"Bearer {yard.token}"}
    tensor = triton.InferInput("x", [3], "FP64")
    tensor.set_data_from_numpy(np.array([1.5, 2, 3]), binary_data=binary)
    asked = [triton.InferRequestedOutput("output", binary_data=binary)]
    with triton.InferenceServerClient(f"{model.removeprefix('http://')}{at}", network_timeout=60) as client:
        assert client.is_model_ready("times", headers=headers)
        assert client.get_model_metadata("times", headers=headers)["inputs"][0]["name"] == "x"
        answer = client.infer("times", [tensor], outputs=asked, headers=headers)
        assert answer.as_numpy("output").tolist() == [3.0, 4.0, 6.0]
        with pytest.raises(InferenceServerException, match="401"):
            client.infer("times", [tensor])


@AT
def test_cog(client: httpx.Client, model: str, at: str) -> None:
    answer = client.post(f"{model}{at}/predictions", json={"input": {"x": 3}}).json()
    assert (answer["status"], answer["output"]) == ("succeeded", 6.0)
    named = client.put(f"{model}{at}/predictions/mine", json={"input": {"x": 3, "times": 1}}).json()
    assert (named["id"], named["output"]) == ("mine", 3.0)
    assert client.get(f"{model}{at}/health-check").json()["status"] == "READY"


@AT
def test_the_openapi_document_leads_back_through_the_gateway(client: httpx.Client, model: str, at: str) -> None:
    """Its server is resolved against its own address (OpenAPI 3.1, Server Object); all that is read answers."""
    place = f"{model}{at}/openapi.json"
    document = client.get(place).json()
    server = urljoin(place, document["servers"][0]["url"]).rstrip("/")
    assert server == f"{model}{at}"
    assert client.post(f"{server}/predict", json={"x": 5}).json()["output"] == 10.0
    read = [path for path, methods in document["paths"].items() if "get" in methods and "{" not in path]
    assert {"/docs", "/metrics", "/ping", "/v2", "/health-check"} <= set(read)
    assert {path: client.get(f"{server}{path}").status_code for path in read} == dict.fromkeys(read, 200)


@AT
def test_the_page_of_the_api_leads_back_through_the_gateway(client: httpx.Client, model: str, at: str) -> None:
    place = f"{model}{at}/docs"
    page = client.get(place)
    assert page.headers["content-type"].startswith("text/html")
    links = Links(page.text).found
    assert [urljoin(place, link) for link in links] == [f"{model}{at}/openapi.json"]
    assert page.headers["content-security-policy"] == "sandbox"


@AT
def test_metrics(client: httpx.Client, model: str, at: str) -> None:
    """As Prometheus reads them; what was just asked is counted."""
    assert client.post(f"{model}{at}/predict", json={"x": 1}).status_code == 200
    answer = client.get(f"{model}{at}/metrics")
    families = prometheus_client.parser.text_string_to_metric_families(answer.text)
    counts = {
        sample.labels["route"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == "modelyard_box_requests_total" and sample.labels["status"] == "200"
    }
    assert counts["/predict"] >= 1


@pytest.mark.parametrize("path", ["invocations", "v2/models/times", "predictions", "docs", "openapi.json", "metrics"])
def test_without_a_token_none_answers(model: str, path: str) -> None:
    """The model is private."""
    with httpx.Client() as anonymous:
        assert anonymous.get(f"{model}/{path}").status_code == 401


class Links(HTMLParser):
    """Where the links, forms and embedded parts of a page lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src", "action") and value]
