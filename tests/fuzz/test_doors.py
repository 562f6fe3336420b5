"""The doors that OpenAPI does not describe: registry, Git, LFS, gateway, tus. Whatever comes in, no answer is a 5xx but
those that are documented (502, 503, 504)."""

import base64
import http.client
import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from faults import adder
from modelyard_client import Client
from support.server import Server

EXAMPLES = 3000 if os.environ.get("MODELYARD_SOAK") == "1" else 60
DOCUMENTED = {502, 503, 504}
fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES < 100,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Door:
    """A server and a repository on it that has a version and is deployed."""

    port: int
    token: str
    address: str

    def knock(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> int:
        """Sends a request as it is given and returns the answer's status; 0 where the server closed the connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                connection.putheader(name, value.encode("latin-1", "replace"))
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except http.client.RemoteDisconnected:
            return 0
        finally:
            connection.close()

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def basic(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"x:{self.token}".encode()).decode()}


@pytest.fixture(scope="module")
def door(site: Server) -> Iterator[Door]:
    username, _, token = site.account()
    with Client(site.url, token=token) as client:
        version = adder.push(client, f"{username}/adder")
        assert adder.follow(client, f"{username}/adder", version["number"])["state"] == "ready"
        client.deploy(f"{username}/adder", version=1)
        assert client.predict(f"{username}/adder", {"left": 1}).output == 2.5
        yield Door(int(site.environment["MODELYARD_PORT"]), token, f"{username}/adder")
        client.stop_deployment(f"{username}/adder")


def is_well(status: int) -> bool:
    return status < 500 or status in DOCUMENTED


header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
segments = st.one_of(
    st.text(max_size=20).map(lambda text: quote(text, safe="")),
    st.sampled_from(["..", ".", "", "%00", "%2e%2e", "%2f", "@v1", "%ff%fe", "a" * 300, "v1", "latest", "-"]),
)
paths = st.lists(segments, max_size=5).map("/".join)
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def encoded(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


def test_registry(door: Door) -> None:
    known = st.sampled_from(
        [
            "/v2/",
            "/v2/token",
            f"/v2/{door.address}/manifests/v1",
            f"/v2/{door.address}/manifests/sha256:{'0' * 64}",
            f"/v2/{door.address}/blobs/sha256:{'0' * 64}",
            f"/v2/{door.address}/tags/list",
        ]
    )

    @fuzzing
    @given(methods, known | paths.map(lambda path: f"/v2/{path}"), paths, header_text, st.booleans())
    def knock(method: str, path: str, more: str, text: str, credentials: bool) -> None:
        headers = door.basic if credentials else {"Authorization": text}
        headers |= {"Accept": text, "Range": f"bytes={text}"}
        assert is_well(door.knock(method, path, headers))
        assert is_well(door.knock(method, f"{path}?n={more}&last={more}&scope={more}", headers))

    knock()


def test_git(door: Door) -> None:
    services = st.sampled_from(["git-upload-pack", "git-receive-pack", "git-upload-archive", "x", ""])
    tails = st.sampled_from(
        ["info/refs", "git-upload-pack", "git-receive-pack", "HEAD", "objects/info/packs", "config"]
    )

    @fuzzing
    @given(methods, tails | paths, services, st.binary(max_size=200), header_text, st.booleans())
    def knock(method: str, tail: str, service: str, body: bytes, text: str, plain: bool) -> None:
        headers = door.basic | {
            "Git-Protocol": text,
            "Content-Encoding": "identity" if plain else text,
            "Content-Type": "application/x-git-upload-pack-request",
        }
        path = f"/{door.address}.git/{tail}?service={quote(service)}"
        assert is_well(door.knock(method, path, headers, body))

    knock()


def test_git_pack_lines(door: Door) -> None:
    """Bodies that begin as Git's protocol does: length, command, arguments."""
    lines = st.lists(st.text(st.characters(max_codepoint=126), max_size=60), max_size=5)

    @fuzzing
    @given(lines, st.sampled_from(["version=2", "version=1", ""]), st.binary(max_size=20))
    def knock(texts: list[str], protocol: str, rest: bytes) -> None:
        body = b"".join(b"%04x%s" % (len(text.encode()) + 4, text.encode()) for text in texts) + b"0000" + rest
        headers = door.basic | {
            "Git-Protocol": protocol,
            "Content-Type": "application/x-git-upload-pack-request",
        }
        assert is_well(door.knock("POST", f"/{door.address}.git/git-upload-pack", headers, body))

    knock()


def test_lfs(door: Door) -> None:
    kind = "application/vnd.git-lfs+json"
    objects = st.lists(
        st.fixed_dictionaries({"oid": st.text(max_size=70) | st.just("0" * 64), "size": st.integers() | st.text()})
    )
    batches = st.fixed_dictionaries(
        {
            "operation": st.sampled_from(["download", "upload", "x"]) | json_like,
            "objects": objects | json_like,
            "transfers": st.just(["basic"]) | json_like,
        }
    )

    @fuzzing
    @given(batches | json_like, st.binary(max_size=50), segments, st.booleans())
    def knock(batch: object, noise: bytes, oid: str, broken: bool) -> None:
        headers = door.basic | {"Content-Type": kind, "Accept": kind}
        body = encoded(batch) + (noise if broken else b"")
        assert is_well(door.knock("POST", f"/{door.address}.git/info/lfs/objects/batch", headers, body))
        assert is_well(door.knock("GET", f"/{door.address}.git/info/lfs/objects/{oid}", headers))

    knock()


def test_gateway(door: Door) -> None:
    tails = st.sampled_from(["/model/predict", "/model/data", "/health", "@v1/model/predict", "@v9/x", "@/x"])

    @fuzzing
    @given(methods, tails | paths.map(lambda path: f"/{path}"), json_like, st.binary(max_size=50), header_text)
    def knock(method: str, tail: str, inputs: object, noise: bytes, text: str) -> None:
        headers = door.bearer | {"Content-Type": "application/json", "X-Thing": text, "Accept": text}
        for body in (encoded({"left": inputs}), encoded(inputs), noise):
            assert is_well(door.knock(method, f"/serve/{door.address}{tail}", headers, body))
        assert is_well(door.knock(method, f"/serve/{quote(text)}{tail}", headers | {"Content-Type": text}))

    knock()


def test_uploads(door: Door) -> None:
    numbers = st.integers().map(str) | st.sampled_from(["0", "5", "1e3", "+1", "٣", "9" * 40]) | header_text

    @fuzzing
    @given(numbers, header_text, header_text, st.sampled_from(["1.0.0", "2", ""]), numbers, st.binary(max_size=30))
    def knock(length: str, metadata: str, checksum: str, version: str, offset: str, body: bytes) -> None:
        tus = door.bearer | {"Tus-Resumable": version, "Content-Type": "application/offset+octet-stream"}
        headers = tus | {"Upload-Length": length, "Upload-Metadata": metadata}
        assert is_well(door.knock("POST", "/api/v1/uploads", headers | {"Upload-Checksum": checksum}, body))
        assert is_well(door.knock("POST", "/api/v1/uploads", headers))
        target = f"/api/v1/uploads/{quote(metadata, safe='')}"
        assert is_well(door.knock("PATCH", target, tus | {"Upload-Offset": offset}, body))

    knock()
