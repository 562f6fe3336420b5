"""Files by URL: off unless the operator allows it, never from addresses that are not public, bounded."""

import asyncio
import base64
import contextlib
import http.server
import sys
import threading
from ipaddress import ip_address

import pytest

from box.running import box_site, inputs_schema, packages, serving, write_box

sys.path.append(str(box_site()))  # the server's own packages, which a test of its parts needs, too

from modelyard_box.fetching import Fetcher, FetchRefused, is_public

FILE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"}
IMAGE = {**FILE, "x-modelyard": "image"}
INPUTS = inputs_schema(("f", "i", "many"), f=FILE, i=IMAGE, many={"type": "array", "items": FILE})
SOURCE = """
    from PIL import Image
    def predict(f: bytes = b"", i: Image.Image = None, many: list[bytes] = ()): return [len(f), *map(len, many)]
"""
LOCAL = ip_address("127.0.0.1")
INSIDE = """
    127.0.0.1 127.9.9.9 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 255.255.255.255
    198.18.0.1 ::1 :: fe80::1 fc00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 2002:7f00:1::
    2001:0:7f00:1::
""".split()  # noqa: SIM905


class Site(http.server.BaseHTTPRequestHandler):
    """A small web site: what it serves is in its addresses."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        kind, _, rest = self.path[1:].partition("/")
        if kind == "to":
            self.answer(302, b"", location=rest)
        elif kind == "status":
            self.answer(int(rest), b"")
        elif kind == "slow":
            self.server.leave.wait(20)
        elif kind == "drip":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not self.server.leave.wait(0.02):
                    self.wfile.write(b"x")
        elif kind == "short":
            self.answer(200, b"abc", length="100")
            self.close_connection = True
        elif kind == "endless":
            self.answer(200, b"x" * int(rest), length=None)
        elif kind == "gzip":
            self.answer(200, b"abc", **{"content-encoding": "gzip"})
        else:
            self.answer(200, b"x" * int(rest))

    def answer(self, status, body, *, length="", **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("content-length", length or str(len(body)))
        else:
            self.close_connection = True
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.asked, server.leave = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.leave.set()
    server.shutdown()
    server.server_close()


def fetch(site, path, *, most=1000, timeout=20.0, allows=lambda address: True, host="public.example", names=None):
    """Fetches from the site under a public name; ``names`` are other names and where they lead."""
    port = site.server_address[1]

    async def resolve(host, port):
        return [ip_address(address) for address in (names or {}).get(host, ["127.0.0.1"])]

    fetcher = Fetcher(most_bytes=most, timeout_s=timeout, allows=allows, resolve=resolve)
    return asyncio.run(fetcher.fetch(f"http://{host}:{port}/{path}"))


def test_a_file_is_fetched_with_its_name(site):
    assert fetch(site, "file/12") == (b"x" * 12, "12")
    assert fetch(site, "endless/999") == (b"x" * 999, "999")


def test_redirects_are_followed_some_way(site):
    assert fetch(site, "to//to//file/3")[0] == b"xxx"
    with pytest.raises(FetchRefused, match="more than 5 times"):
        fetch(site, "to/" * 8 + "/file/3")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("file/1001", "larger than 1000 bytes"),
        ("endless/5000", "larger than 1000 bytes"),
        ("status/404", "answered 404"),
        ("status/500", "answered 500"),
        ("short/", "ends too early"),
        ("gzip/", "compressed"),
        ("to/ftp://public.example/", "begins with http"),
        ("to/http://user:secret@public.example/", "password"),
    ],
)
def test_what_cannot_be_fetched_is_refused_with_the_reason(site, path, words):
    with pytest.raises(FetchRefused, match=words):
        fetch(site, path)


@pytest.mark.parametrize("path", ["slow/", "drip/"])
def test_a_slow_site_is_given_up(site, path):
    with pytest.raises(FetchRefused, match="within"):
        fetch(site, path, timeout=0.3, most=10**9)


def test_a_redirect_to_an_address_that_is_not_public_is_not_followed(site):
    port = site.server_address[1]
    names = {"inside.example": ["10.0.0.1"]}
    before = len(site.asked)
    with pytest.raises(FetchRefused, match=r"'inside.example' is not a public address"):
        fetch(site, f"to/http://inside.example:{port}/file/1", names=names, allows=lambda a: a == LOCAL)
    assert len(site.asked) == before + 1


def test_a_name_with_one_address_that_is_not_public_is_refused(site):
    before = list(site.asked)
    with pytest.raises(FetchRefused, match="not a public address"):
        fetch(site, "file/1", names={"public.example": ["127.0.0.1", "10.0.0.1"]}, allows=lambda a: a == LOCAL)
    assert site.asked == before


def test_the_connection_goes_to_the_address_that_was_checked(site):
    """A second look at the name, which could give another answer, is never taken."""
    answers = iter([["127.0.0.1"]])

    async def resolve(host, port):
        return [ip_address(address) for address in next(answers)]

    fetcher = Fetcher(most_bytes=100, timeout_s=20, allows=lambda address: True, resolve=resolve)
    url = f"http://rebound.example:{site.server_address[1]}/file/7"
    assert asyncio.run(fetcher.fetch(url))[0] == b"x" * 7


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.fixture(scope="module")
def allowing(tmp_path_factory):
    config = write_box(tmp_path_factory.mktemp("on"), SOURCE, inputs=INPUTS, site=packages())
    with serving(config, MODELYARD_FETCH_URLS="1", MODELYARD_FETCH_TIMEOUT_S="5") as box:
        yield box


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    config = write_box(tmp_path_factory.mktemp("off"), SOURCE, inputs=INPUTS, site=packages())
    with serving(config) as box:
        yield box


@pytest.mark.parametrize("name", ["f", "i", "many"])
def test_urls_are_refused_unless_allowed(site, closed, name):
    url = f"http://127.0.0.1:{site.server_address[1]}/file/1"
    before = list(site.asked)
    response = closed.predict({name: [url] if name == "many" else url})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == name
    assert "is a URL, and this box fetches none" in response.json()["detail"]
    assert site.asked == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0", "2130706433", "169.254.169.254"])
def test_where_they_are_allowed_only_public_addresses_are_asked(site, allowing, host):
    before = list(site.asked)
    response = allowing.predict({"f": f"http://{host}:{site.server_address[1]}/file/1"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "f"
    assert "not a public address" in response.json()["detail"] or "is not known" in response.json()["detail"]
    assert site.asked == before


def test_every_surface_says_which_file_is_not_fetched(site, allowing):
    url = f"http://127.0.0.1:{site.server_address[1]}/file/1"
    client = allowing.client
    cog = client.post("/predictions", json={"input": {"f": url}})
    assert (cog.status_code, cog.json()["detail"][0]["loc"]) == (422, ["body", "input", "f"])
    many = client.post("/predictions", json={"input": {"many": ["YQ==", url]}})
    assert many.json()["detail"][0]["loc"] == ["body", "input", "many", "1"]
    mlflow = client.post("/invocations", json={"dataframe_records": [{"f": "YWI="}, {"f": url}]})
    assert (mlflow.status_code, mlflow.json()["errors"][0]["field"]) == (400, "f")
    body = {"inputs": [{"name": "f", "datatype": "BYTES", "shape": [1], "data": [url]}]}
    v2 = client.post("/v2/models/model/infer", json=body)
    assert (v2.status_code, "not a public address" in v2.json()["error"]) == (400, True)


def test_inputs_without_urls_are_predicted_as_ever(allowing):
    text = base64.b64encode(b"abc").decode()
    assert allowing.output({"f": text, "many": [text, f"data:;base64,{text}"]}) == [3, 3, 3]
    assert allowing.predict(content=b"abcd", headers={"content-type": "application/octet-stream"}).status_code == 415
