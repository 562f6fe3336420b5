"""The registry's read side over HTTP, and with the real skopeo and docker."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rooms.versions.tiny import Author, author
from support.ports import free_port
from support.programs import need
from support.server import Server
from support.waiting import until

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    """Somebody with a line that is ready."""
    me = author(site, tmp_path)
    me.ready(me.push())
    return me


def registry(me: Author) -> str:
    return me.server.url.removeprefix("http://")


def token_for(me: Author, client: httpx.Client, *, username: str = "", password: str = "", scope: str = "") -> str:
    basic = base64.b64encode(f"{username or me.username}:{password or me.password}".encode()).decode()
    asked = {"service": "modelyard", "scope": scope or f"repository:{me.address}:pull"}
    answer = client.get("/v2/token", params=asked, headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


@pytest.fixture
def pulling(me: Author) -> Iterator[httpx.Client]:
    """A client with a registry token for the repository."""
    with me.server.client("") as client:
        client.headers["Authorization"] = f"Bearer {token_for(me, client)}"
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_the_registry_sends_clients_to_its_tokens(site: Server) -> None:
    with site.client("") as client:
        answer = client.get("/v2/")
        assert code(answer) == (401, "UNAUTHORIZED")
        assert "/v2/token" in answer.headers["www-authenticate"]
        assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
        wrong = client.get("/v2/token", headers={"Authorization": "Basic " + base64.b64encode(b"a:b").decode()})
        assert code(wrong)[1] == "UNAUTHORIZED"
        assert code(client.post("/v2/token", data={"grant_type": "password"}))[0] in (401, 404, 405)


def test_an_image_is_read_by_tag_and_by_digest(me: Author, pulling: httpx.Client) -> None:
    by_tag = pulling.get(f"/v2/{me.address}/manifests/v1", headers={"Accept": MANIFEST})
    assert by_tag.headers["content-type"] == MANIFEST
    digest = by_tag.headers["docker-content-digest"]
    assert pulling.get(f"/v2/{me.address}/manifests/{digest}").content == by_tag.content
    head = pulling.head(f"/v2/{me.address}/manifests/v1")
    assert head.headers["content-length"] == str(len(by_tag.content))
    assert head.headers["docker-content-digest"] == digest
    version = me.client.get_version(me.address, 1)
    assert version["image"]["digest"] == digest
    for layer in by_tag.json()["layers"]:
        found = pulling.head(f"/v2/{me.address}/blobs/{layer['digest']}")
        assert (found.status_code, found.headers["content-length"]) == (200, str(layer["size"]))


def test_a_blob_is_read_whole_and_in_part(me: Author, pulling: httpx.Client) -> None:
    config = pulling.get(f"/v2/{me.address}/manifests/v1").json()["config"]
    address = f"/v2/{me.address}/blobs/{config['digest']}"
    whole = pulling.get(address).content
    size = len(whole)
    assert size == config["size"]

    def part(value: str) -> tuple[int, bytes, str | None]:
        answer = pulling.get(address, headers={"Range": value})
        return answer.status_code, answer.content, answer.headers.get("content-range")

    assert part("bytes=0-") == (206, whole, f"bytes 0-{size - 1}/{size}")
    assert part("bytes=10-") == (206, whole[10:], f"bytes 10-{size - 1}/{size}")
    assert part("bytes=10-19") == (206, whole[10:20], f"bytes 10-19/{size}")
    assert part(f"bytes=10-{size + 100}") == (206, whole[10:], f"bytes 10-{size - 1}/{size}")
    assert part("bytes=5-2") == (200, whole, None)
    assert part("lines=1-2") == (200, whole, None)
    beyond = pulling.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_what_is_not_there_has_the_codes_of_the_specification(me: Author, pulling: httpx.Client) -> None:
    nothing = "sha256:" + "0" * 64
    assert code(pulling.get(f"/v2/{me.address}/manifests/v9")) == (404, "MANIFEST_UNKNOWN")
    assert code(pulling.get(f"/v2/{me.address}/manifests/{nothing}")) == (404, "MANIFEST_UNKNOWN")
    assert code(pulling.get(f"/v2/{me.address}/blobs/{nothing}")) == (404, "BLOB_UNKNOWN")
    assert code(pulling.get(f"/v2/{me.address}/blobs/x")) == (404, "BLOB_UNKNOWN")
    assert code(pulling.get(f"/v2/{me.username}/nothing/manifests/v1")) == (404, "NAME_UNKNOWN")
    assert code(pulling.get(f"/v2/{me.address}/tags/list?n=x")) == (400, "PAGINATION_NUMBER_INVALID")
    assert code(pulling.post(f"/v2/{me.address}/blobs/uploads/")) == (403, "DENIED"), "the token is for pulling"
    assert code(pulling.put(f"/v2/{me.address}/manifests/x")) == (403, "DENIED")
    assert code(pulling.delete(f"/v2/{me.address}/manifests/v1")) == (403, "DENIED")
    assert code(pulling.put(f"/v2/{me.address}/else")) == (405, "UNSUPPORTED")


def test_tags_come_in_pages(me: Author, pulling: httpx.Client) -> None:
    for _ in range(2):
        me.ready(me.push())
    listed = pulling.get(f"/v2/{me.address}/tags/list")
    assert listed.json() == {"name": me.address, "tags": ["v1", "v2", "v3"]}
    assert "link" not in listed.headers
    first = pulling.get(f"/v2/{me.address}/tags/list?n=2")
    assert first.json()["tags"] == ["v1", "v2"]
    following = first.headers["link"].split(";")[0].strip("<>")
    last = pulling.get(following)
    assert (last.json()["tags"], "link" in last.headers) == (["v3"], False)
    assert pulling.get(f"/v2/{me.address}/tags/list?n=0").json()["tags"] == []


def test_a_blob_of_another_repository_is_not_given(me: Author, pulling: httpx.Client, tmp_path: Path) -> None:
    other = author(me.server, tmp_path, name="empty")
    config = pulling.get(f"/v2/{me.address}/manifests/v1").json()["config"]["digest"]
    with other.server.client(other.token) as theirs:
        assert code(theirs.get(f"/v2/{other.address}/blobs/{config}")) == (404, "BLOB_UNKNOWN")
        assert code(theirs.get(f"/v2/{me.address}/blobs/{config}")) == (404, "NAME_UNKNOWN")


def test_a_registry_token_opens_its_repository_alone(me: Author, pulling: httpx.Client) -> None:
    second = me.client.create_repository(f"{me.username}/second")
    assert second["name"] == "second"
    assert code(pulling.get(f"/v2/{me.username}/second/tags/list")) == (404, "NAME_UNKNOWN")
    assert pulling.get(f"/v2/{me.address}/tags/list").status_code == 200
    assert pulling.post("/api/v1/repos", json={"name": "x"}).status_code == 403


def test_anybody_pulls_what_is_public(me: Author) -> None:
    with me.server.client("") as nobody, me.server.client(me.token) as mine:
        token = nobody.get("/v2/token", params={"scope": f"repository:{me.address}:pull"}).json()["token"]
        nobody.headers["Authorization"] = f"Bearer {token}"
        assert nobody.get(f"/v2/{me.address}/manifests/v1").status_code == 401
        mine.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
        assert nobody.get(f"/v2/{me.address}/manifests/v1").status_code == 200


def skopeo(me: Author, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [need("skopeo", package="skopeo"), "inspect", "--tls-verify=false", *options]
    argv.append(f"docker://{registry(me)}/{me.address}:v1")
    home = str(me.folder)
    environment = {"PATH": os.environ["PATH"], "HOME": home, "REGISTRY_AUTH_FILE": f"{home}/none.json"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)


def test_skopeo_inspects_with_a_password_or_a_token_and_not_without(me: Author) -> None:
    for secret in (me.password, me.token):
        shown = skopeo(me, "--creds", f"{me.username}:{secret}")
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["RepoTags"] == ["v1"]
        assert json.loads(shown.stdout)["Digest"] == me.client.get_version(me.address, 1)["image"]["digest"]
    assert skopeo(me).returncode != 0
    assert skopeo(me, "--creds", f"{me.username}:wrong").returncode != 0
    stranger = me.server.account()
    assert skopeo(me, "--creds", f"{stranger[0]}:{stranger[1]}").returncode != 0


def test_docker_pulls_and_runs_the_image(me: Author, docker_url: str) -> None:
    image = f"{registry(me)}/{me.address}:v1"
    environment = {"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(me.folder / "docker"), "DOCKER_HOST": docker_url}
    program = need("docker", package="docker.io")

    def docker(*arguments: str, given: str | None = None) -> str:
        done = subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, input=given, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    docker("login", "--username", me.username, "--password-stdin", registry(me), given=me.password)
    docker("pull", "-q", image)
    port = free_port()
    container = docker("run", "-d", "--network", "host", "--read-only", "-e", f"MODELYARD_PORT={port}", image)
    try:
        answer = until(lambda: predicted(port), seconds=60, what="the box to answer")
        assert answer["output"] == 6.0
    finally:
        docker("rm", "-f", container)
        docker("rmi", "-f", image)
    docker("logout", registry(me))
    refused = subprocess.run(
        [program, "pull", "-q", image], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0


def predicted(port: int) -> dict[str, Any] | None:
    try:
        answer = httpx.post(f"http://127.0.0.1:{port}/model/predict", json={"x": 2.0}, timeout=30)
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None
